import fc from 'fast-check'
import { expect, it } from 'vitest'
import { EventStreamReader } from './event-stream.ts'

const event = fc.record({ name: fc.constantFrom('records', 'renew', ''), data: fc.json() })

function written({ name, data }: { name: string; data: string }): string {
  const lines = data.split('\n').map((line) => `data: ${line}`)
  return `${name === '' ? '' : `event: ${name}\n`}${lines.join('\n')}\n\n`
}

it('reads the same events however the stream is cut, and no others for signs of life', () => {
  fc.assert(
    fc.property(fc.array(event), fc.array(fc.nat(40)), (events, cuts) => {
      const text = events.map((each) => `:\n\n${written(each)}`).join('')
      const reader = new EventStreamReader(1_000_000)
      const read = []
      let at = 0
      for (const cut of cuts) {
        read.push(...reader.read(text.slice(at, at + cut)))
        at += cut
      }
      read.push(...reader.read(text.slice(at)))
      expect(read).toEqual(events)
    }),
  )
})

it('takes lines that end as those of other systems do', () => {
  expect(new EventStreamReader(100).read('event: renew\r\ndata: {}\r\n\r\n')).toEqual([{ name: 'renew', data: '{}' }])
})

it('does not keep an event without end', () => {
  const reader = new EventStreamReader(1000)
  expect(() => {
    for (let piece = 0; piece < 10; piece++) reader.read(`data: ${'x'.repeat(200)}\n`)
  }).toThrow('too long')
  expect(() => new EventStreamReader(1000).read('x'.repeat(1001))).toThrow('too long')
})

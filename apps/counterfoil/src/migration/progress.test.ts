import { expect, test } from 'vitest'
import { createProgress } from './progress.ts'

function show(isTerminal: boolean): string {
  let [text, now] = ['', 0]
  const progress = createProgress({ write: (part) => (text += part), isTerminal, monotonic: () => now })
  progress.tell('copying old to new')
  progress.begin('copying', 'sessions')
  for (let at = 0; at < 30; at++) {
    now += 500
    progress.add(1000)
  }
  progress.end()
  return text
}

test('on a terminal one line changes as rows are copied', () => {
  const text = show(true)
  expect(text.match(/\n/g)).toHaveLength(2)
  expect(text).toContain('\r\u001B[Kcopying sessions: 1,000\r\u001B[Kcopying sessions: 2,000, 2,000 a second')
  expect(text.endsWith('\r\u001B[Kcopying sessions: 30,000, 2,000 a second\n')).toBe(true)
})

test('anywhere else there is a line each ten seconds, and one in the end', () => {
  expect(show(false).split('\n')).toEqual([
    'copying old to new',
    'copying sessions: 20,000, 2,000 a second so far',
    'copying sessions: 30,000, 2,000 a second',
    '',
  ])
})

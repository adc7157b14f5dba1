import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecordTable, wordsOf, type IdWords } from './record-table.ts'

/** Few ids, most of them with the same first word: they meet in the index. */
const id = fc
  .tuple(fc.constantFrom(0, 1, 31, 0xffffffff), fc.nat(3), fc.nat(1))
  .map(([first, second, third]) => Uint32Array.of(first, second, third, 0))

type Step = readonly ['add', IdWords, number] | readonly ['drop', number]
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('add' as const), id, fc.nat(1000)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('drop' as const), fc.nat(20)) },
)

describe('a table of records', () => {
  it('finds what a list would find, whatever came and went before', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.nat(2 ** 40), (steps, start) => {
        const table = new RecordTable()
        let model: { key: string; position: number; generation: number }[] = []
        let position = start
        for (const [what, one, generation] of steps) {
          if (what === 'add') {
            table.add(one, ++position, generation)
            model.push({ key: one.join(), position, generation })
          } else {
            const upTo = (model[0]?.position ?? position) + one - 1
            table.dropUpTo(upTo)
            model = model.filter((record) => record.position > upTo)
          }
        }
        expect(table.size).toBe(model.length)
        for (const first of [0, 1, 31, 0xffffffff])
          for (let rest = 0; rest < 8; rest++) {
            const one = Uint32Array.of(first, rest >> 1, rest & 1, 0)
            const newest = model.findLast(({ key }) => key === one.join())
            expect(table.find(one)).toBe(newest?.generation)
          }
      }),
      { numRuns: 300 },
    )
  })

  it('takes at most 64 bytes a record, and gives back what it does not need', () => {
    const table = new RecordTable()
    for (let number = 1; number <= 300_000; number++) table.add(crypto.getRandomValues(new Uint32Array(4)), number, 0)
    expect(table.bytes / table.size).toBeLessThanOrEqual(64)
    table.dropUpTo(300_000)
    for (let round = 0; round < 30; round++) table.dropUpTo(300_000)
    expect([table.size, table.bytes]).toEqual([0, 16 * 32])
  })
})

it('ids that are not 128 bits have no words', () => {
  expect(wordsOf('AQIDBAUGBwgJCgsMDQ4PEA')).toEqual(Uint32Array.of(0x01020304, 0x05060708, 0x090a0b0c, 0x0d0e0f10))
  for (const text of ['', 'short', 'A'.repeat(43), 'ä'.repeat(22)]) expect(wordsOf(text)).toBeUndefined()
})

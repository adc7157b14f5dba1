import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readHash, remainingCost } from './hash-cost.ts'

const TAIL = `${'A'.repeat(22)}$${'A'.repeat(43)}`

describe('a stored hash', () => {
  test('says how it was made', () => {
    const made = { memoryCost: 9000, timeCost: 3, parallelism: 2 }
    expect(readHash(`$argon2id$v=19$m=9000,t=3,p=2$${TAIL}`)).toEqual({ ...made, current: true })
    expect(readHash(`$argon2i$v=19$m=9000,t=3,p=2$${TAIL}`)).toEqual({ ...made, current: false })
    expect(readHash(`$argon2id$v=16$m=9000,t=3,p=2$${TAIL}`)).toEqual({ ...made, current: false })
  })

  test('that is malformed says nothing, whatever it is', () => {
    expect(
      [
        '',
        'x',
        `$2b$12$${'A'.repeat(53)}`,
        '$argon2id$v=19$m=7168,t=1,p=1$',
        `$argon2id$v=19$m=0,t=1,p=1$${TAIL}`,
      ].filter((text) => readHash(text) !== undefined),
    ).toEqual([])
    fc.assert(fc.property(fc.string(), (text) => readHash(text) === undefined))
  })

  test("that asks for more than any policy allows counts as malformed, and does not get at the machine's memory", () => {
    expect(readHash(`$argon2id$v=19$m=4294967295,t=1,p=1$${TAIL}`)).toBeUndefined()
    expect(readHash(`$argon2id$v=19$m=1048577,t=1,p=1$${TAIL}`)).toBeUndefined()
    expect(readHash(`$argon2id$v=19$m=7168,t=4294967295,p=1$${TAIL}`)).toBeUndefined()
    expect(readHash(`$argon2id$v=19$m=1048576,t=20,p=1$${TAIL}`)).toBeDefined()
  })
})

describe('what is left after a hash of lesser cost', () => {
  const cost = fc.record({
    memoryCost: fc.integer({ min: 7_168, max: 1_048_576 }),
    timeCost: fc.integer({ min: 1, max: 20 }),
    parallelism: fc.constant(1),
  })

  test('makes up the wanted work to within a KiB per pass, and needs no more memory than is wanted', () => {
    fc.assert(
      fc.property(cost, cost, (made, wanted) => {
        const rest = remainingCost(made, wanted)
        const left = wanted.memoryCost * wanted.timeCost - made.memoryCost * made.timeCost
        if (rest === undefined) {
          expect(left).toBeLessThan(8)
          return
        }
        expect(left - rest.memoryCost * rest.timeCost).toBeLessThan(rest.timeCost)
        expect(left).toBeGreaterThanOrEqual(rest.memoryCost * rest.timeCost)
        expect(rest.memoryCost).toBeLessThanOrEqual(wanted.memoryCost)
        expect(rest.memoryCost).toBeGreaterThanOrEqual(8)
      }),
    )
  })
})

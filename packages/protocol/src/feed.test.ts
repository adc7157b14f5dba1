import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeBase64url } from './base64url.ts'
import {
  boundMs,
  isMark,
  markPosition,
  patienceMs,
  positionOfMark,
  readLease,
  readPush,
  readRevocation,
  wireOfLease,
  wireOfPush,
  wireOfRevocation,
  type LeaseAnswer,
} from './feed.ts'
import type { NewRevocation, Revocation } from './revocation.ts'

const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(encodeBase64url)
const at = fc.integer({ min: 0, max: 2 ** 45 })
const generation = fc.integer({ min: 0, max: 2 ** 31 })
const name = fc.string({ minLength: 1, maxLength: 50 })
const decided = fc.oneof(
  fc.record({ kind: fc.constant('session'), sessionId: id, at }),
  fc.record({ kind: fc.constant('account'), accountId: id, generation, keep: fc.option(id, { nil: undefined }), at }),
  fc.record({ kind: fc.constant('client'), applicationId: name, generation, at }),
  fc.record({ kind: fc.constant('key'), keyId: name, at }),
) as fc.Arbitrary<NewRevocation>

function inLine(records: readonly NewRevocation[], after: number): Revocation[] {
  return records.map((record, number) => ({ ...record, position: after + number + 1 }))
}

const stretch = fc
  .record({ after: fc.nat(2 ** 40), records: fc.array(decided, { maxLength: 5 }), incarnation: id })
  .map(({ after, records, incarnation }) => ({
    after,
    records: inLine(records, after),
    head: { incarnation, position: after + records.length },
  }))

const overTheWire = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('what is sent to verifiers', () => {
  it('reads back as it was written: records', () => {
    fc.assert(
      fc.property(decided, (record) => {
        const placed = { ...record, position: 1 }
        expect(readRevocation(overTheWire(wireOfRevocation(placed)))).toEqual(placed)
      }),
    )
  })

  it('reads back as it was written: answers and pushes', () => {
    fc.assert(
      fc.property(stretch, fc.boolean(), ({ after, records, head }, isSnapshot) => {
        const answer: LeaseAnswer = {
          head,
          leaseMs: 5000,
          retainMs: 310_005,
          records,
          floor: isSnapshot ? after : undefined,
        }
        expect(readLease(overTheWire(wireOfLease(answer)), isSnapshot ? undefined : after)).toEqual(answer)
        expect(readPush(overTheWire(wireOfPush({ head, after, records })))).toEqual({ head, after, records })
      }),
    )
  })

  it('is read in full or not at all: a record that is missing, doubled, out of order or not understood voids the rest', () => {
    fc.assert(
      fc.property(stretch, fc.nat(), ({ after, records, head }, which) => {
        fc.pre(records.length > 1)
        const wire = records.map(wireOfRevocation)
        const broken = which % wire.length
        const variants = [
          wire.filter((_, number) => number !== broken),
          [...wire, wire[broken]],
          wire.toReversed(),
          wire.with(broken, { ...wire[broken], kind: 'newer-than-this-verifier' }),
          wire.with(broken, { ...wire[broken], position: -1 }),
        ]
        for (const each of variants) {
          const body = { incarnation: head.incarnation, after, head: head.position, records: each }
          expect(readPush(overTheWire(body))).toBeUndefined()
          expect(readLease({ ...body, lease_ms: 1, retain_ms: 1 }, after)).toBeUndefined()
        }
      }),
    )
  })

  it('never throws while it is read, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        readRevocation(value)
        readPush(value)
        readLease(value, 0)
      }),
    )
  })
})

describe('the place in the log that a token carries', () => {
  it('is found again in its own log, and means nothing in another', () => {
    fc.assert(
      fc.property(id, id, fc.nat(2 ** 48), (incarnation, other, position) => {
        const mark = markPosition({ incarnation, position })
        expect(isMark(mark)).toBe(true)
        expect(positionOfMark(mark, incarnation)).toBe(position)
        if (other.slice(0, 8) !== incarnation.slice(0, 8)) expect(positionOfMark(mark, other)).toBeUndefined()
      }),
    )
  })

  it.each(['', 'abc', 'AAAAAAAA.', 'AAAAAAAA.-1', 'AAAAAAAA.01', 'AAAAAAAA.1.2', 'AAAAAAAA 1', 1, null])(
    'is not %j',
    (text) => {
      expect(isMark(text)).toBe(false)
    },
  )
})

it('the bound and the patience cover clocks that run a thousandth fast or slow', () => {
  expect(boundMs(5000)).toBeCloseTo(5005.005, 3)
  expect(patienceMs(5000)).toBeCloseTo(5010.01, 2)
})

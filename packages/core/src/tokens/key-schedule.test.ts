import type { KeyId } from '@counterfoil/protocol'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decideKeyUpkeep, earliestTurn, keysInTurn, signerAt, type KeyTimes } from './key-schedule.ts'
import type { StoredKey } from './stored-key.ts'

const times: KeyTimes = { rotationMs: 90_000, publicationMs: 600, reloadMs: 5, longestTokenMs: 1_000 }

function key(id: string, activeAt: number, createdAt = activeAt - times.publicationMs): StoredKey {
  const sealed = new Uint8Array()
  return { id: id as KeyId, purpose: 'jwt', algorithm: 'EdDSA', number: 0, publicJwk: '', sealed, createdAt, activeAt }
}

it('an installation without keys gets one that signs at once', () => {
  expect(decideKeyUpkeep([], 50, times)).toEqual({ addAt: 50, remove: [] })
})

it('a signer without a next key gets one, published long before it signs', () => {
  expect(decideKeyUpkeep([key('a', 0)], 50, times)).toEqual({ addAt: 90_000, remove: [] })
})

it('a next key that comes late is still published before it signs', () => {
  expect(decideKeyUpkeep([key('a', 0)], 89_999, times)).toEqual({ addAt: 89_999 + 600, remove: [] })
})

it('a retired key stays until its last token has expired, and goes then', () => {
  const keys = [key('a', 0), key('b', 2_000), key('c', 95_000)]
  expect(decideKeyUpkeep(keys, 2_000 + 1_000 + 5, times).remove).toEqual([])
  expect(decideKeyUpkeep(keys, 2_000 + 1_000 + 6, times).remove).toEqual(['a'])
})

it('a hand cannot make a key sign before everybody can know it', () => {
  expect(earliestTurn(1_000, 1_000, times)).toBe(1_600)
  expect(earliestTurn(1_000, 50_000, times)).toBe(50_010)
})

it('whatever the schedule, a token can be verified for all its life: its signer is never removed before', () => {
  const run = fc.record({
    steps: fc.array(fc.nat(30_000), { maxLength: 60 }),
    rotateAt: fc.array(fc.nat(60), { maxLength: 10 }),
  })
  fc.assert(
    fc.property(run, ({ steps, rotateAt }) => {
      let keys: StoredKey[] = []
      let now = 1
      let made = 0
      const issued: { id: string; until: number }[] = []
      steps.forEach((step, at) => {
        const upkeep = decideKeyUpkeep(keysInTurn(keys, 'jwt'), now, times)
        keys = keys.filter(({ id }) => !upkeep.remove.includes(id))
        if (upkeep.addAt !== undefined) keys.push(key(`k${made++}`, upkeep.addAt, now))
        const next = keys.find(({ activeAt }) => activeAt > now)
        if (next !== undefined && rotateAt.includes(at)) {
          keys = keys.map((one) =>
            one === next ? { ...one, activeAt: Math.min(one.activeAt, earliestTurn(one.createdAt, now, times)) } : one,
          )
        }
        const signer = signerAt(keysInTurn(keys, 'jwt'), now)
        expect(signer).toBeDefined()
        if (signer !== undefined) issued.push({ id: signer.id, until: now + times.longestTokenMs })
        for (const { id, until } of issued) if (until > now) expect(keys.some((one) => one.id === id)).toBe(true)
        now += step
      })
    }),
  )
})

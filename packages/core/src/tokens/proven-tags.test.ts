import { createSecretKey, randomBytes } from 'node:crypto'
import type { SessionId } from '@counterfoil/protocol'
import { expect, it } from 'vitest'
import { ProvenTags } from './proven-tags.ts'

const KEY = createSecretKey(randomBytes(32))
const sample = () => ({ signed: randomBytes(22), tag: randomBytes(32), key: KEY })
const id = (name: string): SessionId => name as SessionId

it('a tag is known for its session, its text and its key, and for no other', () => {
  const tags = new ProvenTags(10)
  const proven = sample()
  tags.keep(id('a'), proven)
  expect(tags.has(id('a'), { ...proven, signed: Buffer.from(proven.signed), tag: Buffer.from(proven.tag) })).toBe(true)
  expect(tags.has(id('b'), proven)).toBe(false)
  expect(tags.has(id('a'), { ...proven, key: createSecretKey(randomBytes(32)) })).toBe(false)
  for (const part of ['signed', 'tag'] as const) {
    const forged = Buffer.from(proven[part])
    forged[forged.length - 1] = (forged[forged.length - 1] ?? 0) ^ 1
    expect(tags.has(id('a'), { ...proven, [part]: forged })).toBe(false)
  }
})

it('the one that came last stands for a session', () => {
  const tags = new ProvenTags(10)
  const [first, second] = [sample(), sample()]
  tags.keep(id('a'), first)
  tags.keep(id('a'), second)
  expect([tags.has(id('a'), first), tags.has(id('a'), second), tags.size]).toEqual([false, true, 1])
})

it('no more are kept than may be, and what is used stays', () => {
  const tags = new ProvenTags(10)
  const used = sample()
  tags.keep(id('used'), used)
  for (let at = 0; at < 100; at++) {
    tags.keep(id(`s${at}`), sample())
    expect(tags.has(id('used'), used)).toBe(true)
    expect(tags.size).toBeLessThanOrEqual(10)
  }
  const none = new ProvenTags(0)
  none.keep(id('a'), used)
  expect([none.size, none.has(id('a'), used)]).toEqual([0, false])
})

import { drawId, type Advance, type Random, type Session } from '@counterfoil/core'
import type { AccountId, ApplicationId, SessionId } from '@counterfoil/protocol'

/** The instant at which the tests stand still; it has nothing to do with Redis's clock. */
export const NOW = Date.UTC(2026, 0, 1, 9, 41, 7, 137)
export const DAY = 24 * 60 * 60 * 1000

/** Random bytes that a seed determines (mulberry32). For tests only. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const draw = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) & 255
  }
  return (length) => Uint8Array.from({ length }, draw)
}

/** A whole number from 0 to `below` - 1. */
export function drawBelow(random: Random, below: number): number {
  const [a = 0, b = 0, c = 0] = random(3)
  return ((a << 16) | (b << 8) | c) % below
}

const numbered = seededRandom(1)

export const drawAccountId = (): AccountId => drawId<AccountId>(numbered)

/** A session that nobody else has. */
export function sampleSession(more: Partial<Session> = {}, random: Random = numbered): Session {
  const use = { at: NOW, address: '203.0.113.7', userAgent: 'test' }
  return {
    id: drawId<SessionId>(random),
    accountId: drawId<AccountId>(random),
    applicationId: 'shop' as ApplicationId,
    strategy: 'hybrid',
    generation: 0,
    floor: 0,
    rotated: use,
    accountGeneration: 0,
    applicationGeneration: 0,
    authenticatedAt: NOW,
    started: use,
    seenAt: NOW,
    idleExpiresAt: NOW + DAY,
    expiresAt: NOW + 30 * DAY,
    ...more,
  }
}

/** A rotation a moment later. */
export function sampleAdvance(): Advance {
  const now = NOW + 1000
  return { now, idleExpiresAt: now + DAY, use: { at: now, address: '203.0.113.7', userAgent: 'test' } }
}

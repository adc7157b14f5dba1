import { STRATEGIES } from '@counterfoil/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decideRotation,
  decideSessionToken,
  decideSuccession,
  decideTakeover,
  isReleased,
  releasedUntil,
} from './rotation.ts'
import type { Session } from './session.ts'

const WINDOW_MS = 30_000

function standingAt(generation: number, rotatedAt: number, floor = 0): Session {
  const use = { at: rotatedAt }
  return {
    id: 'AAAAAAAAAAAAAAAAAAAAAA' as Session['id'],
    accountId: 'AAAAAAAAAAAAAAAAAAAAAQ' as Session['accountId'],
    applicationId: 'shop' as Session['applicationId'],
    strategy: 'hybrid',
    generation,
    floor,
    rotated: use,
    accountGeneration: 0,
    applicationGeneration: 0,
    authenticatedAt: 0,
    started: { at: 0 },
    seenAt: rotatedAt,
    idleExpiresAt: Infinity,
    expiresAt: Infinity,
  }
}

describe('the table of rotation.md', () => {
  const rotatedAt = 1_000_000
  it.each([
    ['the current generation rotates', 5, 'bearer', 0, 'rotate'],
    ['the current generation rotates however long ago it came', 5, 'bearer', 10 * WINDOW_MS, 'rotate'],
    ['the previous one gets the same answer within the window', 4, 'bearer', 1, 'replay'],
    ['the previous one gets the same answer at the last millisecond of the window', 4, 'bearer', WINDOW_MS, 'replay'],
    ['the previous one after the window is reuse', 4, 'bearer', WINDOW_MS + 1, 'reuse'],
    [
      'the previous one after the window recovers when possession of the key is proved',
      4,
      'bound',
      WINDOW_MS + 1,
      'recover',
    ],
    ['an older one is reuse, also within the window', 3, 'bearer', 0, 'reuse'],
    ['an older one is reuse, whoever proves what', 3, 'bound', 0, 'reuse'],
    ['a newer one shows that the store lost writes', 6, 'bearer', 0, 'heal'],
    ['a much newer one too', 500, 'bearer', 10 * WINDOW_MS, 'heal'],
  ] as const)('%s', (_title, presented, proof, since, expected) => {
    expect(decideRotation(standingAt(5, rotatedAt), presented, proof, rotatedAt + since, WINDOW_MS)).toBe(expected)
  })
})

it('a request that hung while two others rotated is refused for the moment, and is no theft', () => {
  for (const proof of ['bearer', 'bound'] as const) {
    expect(decideRotation(standingAt(5, 1_000_000), 3, proof, 999_999, WINDOW_MS)).toBe('overtaken')
    expect(decideRotation(standingAt(5, 1_000_000), 3, proof, 1_000_000, WINDOW_MS)).toBe('reuse')
  }
})

it('a token from before a re-authentication is refused without a verdict of theft', () => {
  expect(decideRotation(standingAt(5, 0, 5), 4, 'bearer', 1, WINDOW_MS)).toBe('superseded')
  expect(decideRotation(standingAt(5, 0, 5), 0, 'bearer', 1, WINDOW_MS)).toBe('superseded')
})

it('a clock that was set back does not make a retry into theft', () => {
  expect(decideRotation(standingAt(5, 1_000_000), 4, 'bearer', 0, WINDOW_MS)).toBe('replay')
})

const cases = fc.record({
  generation: fc.nat(20),
  presented: fc.nat(22),
  proof: fc.constantFrom('bound', 'bearer'),
  since: fc.nat(3 * WINDOW_MS),
  floor: fc.nat(20),
})

it('only a token of the past is ever called reuse, and only the current one rotates', () => {
  fc.assert(
    fc.property(cases, ({ generation, presented, proof, since, floor }) => {
      const decision = decideRotation(
        standingAt(generation, 7, Math.min(floor, generation)),
        presented,
        proof,
        7 + since,
        WINDOW_MS,
      )
      expect(decision === 'rotate').toBe(presented === generation)
      expect(decision === 'heal').toBe(presented > generation)
      if (decision === 'reuse') expect(presented).toBeLessThan(generation)
    }),
  )
})

it('waiting never turns a refusal into an answer', () => {
  const rank = { rotate: 0, heal: 0, replay: 1, recover: 1, superseded: 2, overtaken: 2, reuse: 2 } as const
  fc.assert(
    fc.property(cases, fc.nat(WINDOW_MS), ({ generation, presented, proof, since, floor }, longer) => {
      const standing = standingAt(generation, 7, Math.min(floor, generation))
      const early = decideRotation(standing, presented, proof, 7 + since, WINDOW_MS)
      const late = decideRotation(standing, presented, proof, 7 + since + longer, WINDOW_MS)
      expect(rank[late]).toBeGreaterThanOrEqual(rank[early])
    }),
  )
})

/** A record whose session goes on as signed tokens. */
function releasedAt(generation: number, rotatedAt: number): Session {
  return { ...standingAt(generation, rotatedAt), idleExpiresAt: releasedUntil(rotatedAt, WINDOW_MS) }
}

describe('what becomes of a current token', () => {
  it.each([
    ['hybrid', 'refresh', 'hybrid', 'advance'],
    ['hybrid', 'refresh', 'stateful', 'advance'],
    ['hybrid', 'refresh', 'stateless', 'release'],
    ['stateful', 'session', 'stateful', 'keep'],
    ['stateful', 'session', 'hybrid', 'advance'],
    ['stateful', 'session', 'stateless', 'release'],
    ['hybrid', 'session', 'stateful', 'advance'],
    ['stateful', 'refresh', 'stateful', 'advance'],
  ] as const)('a %s session with its %s token, in an application that is %s: %s', (strategy, kind, now, expected) => {
    expect(decideSuccession({ ...standingAt(5, 0), strategy }, kind, now)).toBe(expected)
  })

  it('is kept only where it has the form already that the application has', () => {
    const kinds = fc.constantFrom('session', 'refresh')
    fc.assert(
      fc.property(
        fc.constantFrom('hybrid', 'stateful'),
        kinds,
        fc.constantFrom(...STRATEGIES),
        (strategy, kind, now) => {
          const succession = decideSuccession({ ...standingAt(5, 0), strategy }, kind, now)
          expect(succession === 'release').toBe(now === 'stateless')
          if (succession === 'keep') expect([strategy, now, kind]).toEqual(['stateful', 'stateful', 'session'])
        },
      ),
    )
  })
})

it('a record is released by an idle time that no setting gives it, for as long as replays are answered', () => {
  const seconds = fc.integer({ min: 1, max: 10_000_000 })
  fc.assert(
    fc.property(fc.nat(2 ** 40), seconds, (rotatedAt, idleSeconds) => {
      const standing = { ...standingAt(3, rotatedAt), idleExpiresAt: rotatedAt + idleSeconds * 1000 }
      expect(isReleased(standing, WINDOW_MS)).toBe(false)
      const released = releasedAt(3, rotatedAt)
      expect(isReleased(released, WINDOW_MS)).toBe(true)
      expect(decideRotation(released, 2, 'bearer', released.idleExpiresAt - 1, WINDOW_MS)).toBe('replay')
    }),
  )
})

describe('a signed refresh token', () => {
  it.each([
    ['starts the record where there is none', undefined, 0, 'start'],
    ['starts it where only the rest of an earlier one is left', releasedAt(5, 7), 0, 'start'],
    ['has its share in one that has just begun', standingAt(5, 7, 5), WINDOW_MS, 'replay'],
    ['is reuse once the window is over', standingAt(5, 7, 5), WINDOW_MS + 1, 'reuse'],
    ['is reuse once the record has been rotated', standingAt(6, 7, 5), 0, 'reuse'],
    ['is no reuse where it came before that rotation, and hung', standingAt(6, 7, 5), -1, 'overtaken'],
  ] as const)('%s', (_title, standing, since, expected) => {
    expect(decideTakeover(standing, 'bearer', 7 + since, WINDOW_MS)).toBe(expected)
  })

  it.each([
    ['recovers once the window is over', standingAt(5, 7, 5), WINDOW_MS + 1, 'recover'],
    ['has its share within the window', standingAt(5, 7, 5), WINDOW_MS, 'replay'],
    ['is reuse once the record has been rotated', standingAt(6, 7, 5), WINDOW_MS + 1, 'reuse'],
    ['is no reuse where it came before that rotation, and hung', standingAt(6, 7, 5), -1, 'overtaken'],
  ] as const)('with proof of its key %s', (_title, standing, since, expected) => {
    expect(decideTakeover(standing, 'bound', 7 + since, WINDOW_MS)).toBe(expected)
  })

  it('is judged as the refresh token before the first would be', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('bound', 'bearer'),
        fc.integer({ min: 1, max: 99 }),
        fc.nat(3),
        fc.nat(3 * WINDOW_MS),
        (proof, first, rotations, since) => {
          const standing = standingAt(first + rotations, 7, first)
          const likened = decideRotation({ ...standing, floor: 0 }, first - 1, proof, 7 + since, WINDOW_MS)
          expect(decideTakeover(standing, proof, 7 + since, WINDOW_MS)).toBe(likened)
        },
      ),
    )
  })
})

describe('a session token that comes with a request', () => {
  const stateful = (generation: number, floor = 0): Session => ({
    ...standingAt(generation, 7, floor),
    strategy: 'stateful',
  })

  it.each([
    ['is good while it is the current one', stateful(5), 5, 0, 'current'],
    ['is good on its way while the session becomes hybrid', standingAt(6, 7), 5, WINDOW_MS, 'replaced'],
    [
      'is good on its way while the session becomes stateless',
      { ...releasedAt(6, 7), strategy: 'stateful' },
      5,
      1,
      'replaced',
    ],
    ['is over once the window is', standingAt(6, 7), 5, WINDOW_MS + 1, 'ended'],
    ['is over at once when the user has proved anew who they are', stateful(6, 6), 5, 0, 'ended'],
    ['is over at once where the session stays stateful', stateful(6), 5, 0, 'ended'],
    ['is over when it is older still', standingAt(6, 7), 4, 0, 'ended'],
  ] as const)('%s', (_title, standing, presented, since, expected) => {
    expect(decideSessionToken(standing, presented, 7 + since, WINDOW_MS)).toBe(expected)
  })

  it('is never good again once it was not, and never of a generation below the floor', () => {
    fc.assert(
      fc.property(cases, fc.nat(WINDOW_MS), fc.boolean(), ({ generation, presented, since, floor }, longer, moved) => {
        const standing = moved ? standingAt(generation, 7, floor) : stateful(generation, floor)
        const early = decideSessionToken(standing, presented, 7 + since, WINDOW_MS)
        const late = decideSessionToken(standing, presented, 7 + since + longer, WINDOW_MS)
        if (early === 'ended') expect(late).toBe('ended')
        if (early === 'replaced') expect(presented).toBeGreaterThanOrEqual(floor)
      }),
    )
  })
})

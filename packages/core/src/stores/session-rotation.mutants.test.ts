import type { SessionId } from '@counterfoil/protocol'
import { describe, expect, it } from 'vitest'
import type { Session } from '../sessions/session.ts'
import { DAY } from './conformance/sample.ts'
import { brokenSessions, caseNamed, pause, rewriteSession, tryCase, type Mutant } from './mutant.fixture.ts'
import { sessionStoreCases } from './session-store.conformance.ts'
import type { Advance, SessionStore } from './session-store.ts'

type Outcome = Awaited<ReturnType<SessionStore['advance']>>

/** Advances, and then changes the record in a way of its own. */
function afterAdvance(sessions: SessionStore, change: (advanced: Session, at: Advance) => Partial<Session>) {
  return async (id: SessionId, from: number, at: Advance): Promise<Outcome> => {
    const outcome = await sessions.advance(id, from, at)
    if (outcome === undefined || 'standing' in outcome) return outcome
    return { advanced: await rewriteSession(sessions, { ...outcome.advanced, ...change(outcome.advanced, at) }) }
  }
}

const rotations: readonly Mutant[] = [
  brokenSessions(
    'a rotation that finds and then updates',
    'of 50 callers that race from one generation exactly one advances, round after round',
    (sessions) => ({
      async advance(id, from, at) {
        const standing = await sessions.find(id, at.now)
        if (standing?.generation !== from) return standing && { standing }
        await pause()
        const present = await sessions.find(id, at.now)
        return present && sessions.advance(id, present.generation, at)
      },
    }),
  ),
  brokenSessions(
    'a batch that answers one session twice',
    'two advances of one session in one tick are two answers: one wins, the other sees the winner',
    (sessions) => {
      const batch = new Map<SessionId, Promise<Outcome>>()
      return {
        advance(id, from, at) {
          const answer = batch.get(id) ?? sessions.advance(id, from, at)
          if (batch.size === 0) setImmediate(() => batch.clear())
          batch.set(id, answer)
          return answer
        },
      }
    },
  ),
  brokenSessions(
    'a batch that hands its answers out in another order',
    'races for many sessions at once have one winner each, and each answer is about the session asked for',
    (sessions) => {
      let batch: Promise<Outcome>[] = []
      return {
        async advance(id, from, at) {
          const place = batch.push(sessions.advance(id, from, at))
          await pause()
          const answers = batch
          setImmediate(() => (batch = []))
          return answers[answers.length - place]
        },
      }
    },
  ),
  brokenSessions(
    'a loser that is told about the session as it was before the race',
    'of 50 callers that race from one generation exactly one advances, round after round',
    (sessions) => ({
      async advance(id, from, at) {
        const before = await sessions.find(id, at.now)
        const outcome = await sessions.advance(id, from, at)
        return outcome !== undefined && 'standing' in outcome && before ? { standing: before } : outcome
      },
    }),
  ),
  brokenSessions(
    'a rotation that prolongs without bound',
    'an advance never lets the idle expiry pass the absolute one',
    (sessions) => ({ advance: afterAdvance(sessions, (_, { idleExpiresAt }) => ({ idleExpiresAt })) }),
  ),
  brokenSessions(
    'a rotation that moves the absolute expiry',
    'an advance moves the generation by one and sets who, when, last-seen and idle expiry, and nothing else',
    (sessions) => ({ advance: afterAdvance(sessions, ({ expiresAt }) => ({ expiresAt: expiresAt + DAY })) }),
  ),
  brokenSessions(
    'a rotation that leaves the former address where there is no new one',
    'an advance by someone without address and user agent leaves neither of the one before',
    (sessions) => ({
      advance: afterAdvance(sessions, ({ started, rotated }) => ({
        rotated: { ...rotated, address: rotated.address ?? started.address },
      })),
    }),
  ),
  brokenSessions(
    'a re-authentication that sets no floor',
    'a re-authentication sets floor, account generation and the instant of the proof',
    (sessions) => ({ advance: afterAdvance(sessions, () => ({ floor: 0 })) }),
  ),
  brokenSessions(
    'a rotation without a proof that counts as one',
    'an advance moves the generation by one and sets who, when, last-seen and idle expiry, and nothing else',
    (sessions) => ({ advance: afterAdvance(sessions, (_, { now }) => ({ authenticatedAt: now })) }),
  ),
  brokenSessions(
    'a rotation that drops the new strategy',
    'an advance changes the strategy where it brings one, and otherwise leaves it',
    (sessions) => ({ advance: (id, from, at) => sessions.advance(id, from, { ...at, strategy: undefined }) }),
  ),
  brokenSessions(
    'a rotation that takes the strategy back where it is told none',
    'an advance changes the strategy where it brings one, and otherwise leaves it',
    (sessions) => ({
      advance: (id, from, at) => sessions.advance(id, from, { ...at, strategy: at.strategy ?? 'hybrid' }),
    }),
  ),
  brokenSessions(
    'a strategy that is written whether or not the race is won',
    'an advance that loses its race changes no strategy',
    (sessions) => ({
      async advance(id, from, at) {
        const outcome = await sessions.advance(id, from, at)
        if (outcome === undefined || 'advanced' in outcome) return outcome
        const strategy = at.strategy ?? outcome.standing.strategy
        return { standing: await rewriteSession(sessions, { ...outcome.standing, strategy }) }
      },
    }),
  ),
  brokenSessions(
    'a rotation that wakes the expired',
    'an advance does not wake a session that has expired',
    (sessions) => ({
      advance: (id, from, at) => sessions.advance(id, from, { ...at, now: at.now - DAY }),
    }),
  ),
]

const moves: readonly Mutant[] = [
  brokenSessions(
    'a raise that lowers',
    'a raise never lowers the generation, and answers the session as it stands',
    (sessions) => ({
      async raise(id, to, now) {
        const standing = await sessions.find(id, now)
        return standing && rewriteSession(sessions, { ...standing, generation: to })
      },
    }),
  ),
  brokenSessions('a raise that loses a race', 'raises that race leave the highest generation', (sessions) => ({
    async raise(id, to, now) {
      const standing = await sessions.find(id, now)
      await pause()
      return standing && rewriteSession(sessions, { ...standing, generation: Math.max(to, standing.generation) })
    },
  })),
  brokenSessions(
    'a touch that moves back',
    'a touch that comes late moves neither last-seen nor idle expiry back',
    (sessions) => ({
      async touch(id, seenAt, idleExpiresAt) {
        const standing = await sessions.find(id, seenAt)
        if (standing !== undefined) await rewriteSession(sessions, { ...standing, seenAt, idleExpiresAt })
      },
    }),
  ),
  brokenSessions(
    'a touch that moves both or neither',
    'a touch moves each of the two forward by itself',
    (sessions) => ({
      async touch(id, seenAt, idleExpiresAt) {
        const standing = await sessions.find(id, seenAt)
        if (standing && standing.seenAt < seenAt) await sessions.touch(id, seenAt, idleExpiresAt)
      },
    }),
  ),
  brokenSessions('a touch without bound', 'a touch never lets the idle expiry pass the absolute one', (sessions) => ({
    async touch(id, seenAt, idleExpiresAt) {
      const standing = await sessions.find(id, seenAt)
      if (standing !== undefined) await rewriteSession(sessions, { ...standing, seenAt, idleExpiresAt })
    },
  })),
  brokenSessions(
    'a touch that wakes the dead',
    'a touch does not wake a session that had expired by then',
    (sessions) => ({
      touch: (id, _, idleExpiresAt) => sessions.touch(id, 0, idleExpiresAt),
    }),
  ),
  brokenSessions(
    'a touch that writes the whole record back',
    'a touch that races with a rotation takes nothing of it back',
    (sessions) => ({
      async touch(id, seenAt, idleExpiresAt) {
        const standing = await sessions.find(id, seenAt)
        await pause()
        if (standing !== undefined) await rewriteSession(sessions, { ...standing, seenAt, idleExpiresAt })
      },
    }),
  ),
]

const clocks: readonly Mutant[] = [
  brokenSessions(
    'a store that asks a clock of its own, of the past',
    'the time is the one that is given: a session of 1970 is live then',
    (sessions) => ({ find: (id) => sessions.find(id, Date.now()) }),
  ),
  brokenSessions(
    'a store that asks a clock of its own, of the future',
    'the time is the one that is given: a session of the year 9999 ends then',
    (sessions) => ({ find: (id) => sessions.find(id, Date.now()) }),
  ),
  brokenSessions(
    'a sweep by a clock of its own, of the past',
    'the time is the one that is given: a sweep in 1970 spares who is live then',
    (sessions) => ({ sweep: (_, limit) => sessions.sweep(Date.now(), limit) }),
  ),
  brokenSessions(
    'a rotation by a clock of its own',
    'the time is the one that is given: a session of 1970 is live then',
    (sessions) => ({ advance: (id, from, at) => sessions.advance(id, from, { ...at, now: Date.now() }) }),
  ),
  brokenSessions(
    'an expiry that lasts a millisecond too long',
    'the idle expiry ends a session at its very millisecond, for every verb',
    (sessions) => ({ list: (accountId, now) => sessions.list(accountId, now - 1) }),
  ),
  brokenSessions(
    'an expiry in whole seconds',
    'the absolute expiry ends a session at its very millisecond, for every verb',
    (sessions) => ({ find: (id, now) => sessions.find(id, Math.floor(now / 1000) * 1000) }),
  ),
]

describe('the suite of the session store, about rotation, use and time', () => {
  it.for([...rotations, ...moves, ...clocks])('$fault fails: $breaks', async (mutant) => {
    expect(await tryCase(caseNamed(mutant.breaks, sessionStoreCases), mutant)).toBeDefined()
  })
})

import { describe, expect, it } from 'vitest'
import { brokenCounters, caseNamed, pause, tryCase, type Mutant } from '../stores/mutant.fixture.ts'
import { attemptCounterCases } from './attempt-counters.conformance.ts'
import type { AttemptCounters, AttemptRule, Taking } from './attempt-counters.ts'
import { MemoryAttemptCounters } from './memory-attempt-counters.ts'

/** One window as a careless store keeps it. */
interface Row {
  count: number
  endsAt: number
}

/** What a careless store does in place of each step of the sound one. */
interface Habits {
  readonly key?: (rule: AttemptRule, subject: string) => string
  readonly stands?: (row: Row, now: number, windowMs: number) => boolean
  readonly endsAt?: (now: number, windowMs: number) => number
  /** Whether this count leaves room. */
  readonly hasRoom?: (count: number, attempts: number) => boolean
  /** What a refusal leaves behind. */
  readonly onRefusal?: (row: Row, now: number, windowMs: number) => void
  readonly retryAfterMs?: (row: Row, now: number, windowMs: number) => number
  /** Between looking and writing, in a window that stands or a new one. */
  readonly between?: (isStanding: boolean) => Promise<void> | undefined
  readonly giveBack?: (row: Row, windowEndsAt: number) => void
}

/** Counters in a plain map, sound but for these habits. */
function careless(habits: Habits): AttemptCounters {
  const rows = new Map<string, Row>()
  const {
    key = ({ name }, subject) => JSON.stringify([name, subject]),
    stands = ({ endsAt }, now, windowMs) => now < endsAt && endsAt <= now + windowMs,
    endsAt = (now, windowMs) => now + windowMs,
    hasRoom = (count, attempts) => count < attempts,
    onRefusal = () => undefined,
    retryAfterMs = (row, now) => row.endsAt - now,
    between,
    giveBack = (row, windowEndsAt) => {
      if (row.endsAt === windowEndsAt && row.count > 0) row.count--
    },
  } = habits
  return {
    async take(rule, subject, now): Promise<Taking> {
      const { attempts, windowMs } = rule
      const held = rows.get(key(rule, subject))
      const isStanding = held !== undefined && stands(held, now, windowMs)
      const row = isStanding ? { ...held } : { count: 0, endsAt: endsAt(now, windowMs) }
      const waiting = between?.(isStanding)
      if (waiting !== undefined) await waiting
      if (!hasRoom(row.count, attempts)) {
        onRefusal(row, now, windowMs)
        rows.set(key(rule, subject), row)
        return { taken: false, retryAfterMs: retryAfterMs(row, now, windowMs) }
      }
      row.count++
      rows.set(key(rule, subject), row)
      return { taken: true, windowEndsAt: row.endsAt }
    },
    async giveBack(rule, subject, windowEndsAt) {
      const row = rows.get(key(rule, subject))
      if (row !== undefined) giveBack(row, windowEndsAt)
    },
  }
}

function carelessMutant(fault: string, breaks: string, habits: Habits): Mutant {
  return { fault, breaks, mutate: () => ({ counters: careless(habits) }) }
}

const FIRST = 'as many are taken as the rule allows, in a window that begins with the first'
const REFUSAL = 'one that is refused is not counted, and prolongs nothing'
const APART = 'rules are counted apart, and so are subjects'

const windows: readonly Mutant[] = [
  carelessMutant('a window that begins at a round instant', FIRST, {
    endsAt: (now, windowMs) => Math.floor(now / windowMs) * windowMs + windowMs,
  }),
  carelessMutant('an end in full seconds', FIRST, {
    endsAt: (now, windowMs) => Math.ceil((now + windowMs) / 1000) * 1000,
  }),
  carelessMutant('a window that its last instant is still part of', FIRST, {
    stands: ({ endsAt }, now, windowMs) => now <= endsAt && endsAt <= now + windowMs,
  }),
  carelessMutant('one more than the rule allows', FIRST, { hasRoom: (count, attempts) => count <= attempts }),
  carelessMutant('a refusal that tells of a whole window', FIRST, { retryAfterMs: (_row, _now, windowMs) => windowMs }),
  brokenCounters('a window that every attempt prolongs', FIRST, () => {
    const ends = new Map<string, number>()
    const inner = careless({ stands: (row, now, windowMs) => now < (ends.get('ada') ?? row.endsAt + windowMs) })
    return {
      async take(rule, subject, now) {
        const taking = await inner.take(rule, subject, now)
        if (taking.taken) ends.set(subject, now + rule.windowMs)
        return taking.taken ? { ...taking, windowEndsAt: now + rule.windowMs } : taking
      },
    }
  }),
  carelessMutant(
    'a window that never ends',
    'a window that has ended leaves nothing to the next, however late that begins',
    { stands: () => true },
  ),
  carelessMutant('a refusal that counts', REFUSAL, { onRefusal: (row) => void row.count++ }),
  carelessMutant('a refusal that begins the window anew', REFUSAL, {
    onRefusal: (row, now, windowMs) => void (row.endsAt = now + windowMs),
  }),
  carelessMutant(
    'room for as many as the rule allowed when the window began',
    'a rule that has come to allow more or fewer holds for the window that stands',
    { hasRoom: (count) => count < 3 },
  ),
  carelessMutant('a count of all rules', APART, { key: (_, subject) => subject }),
  carelessMutant('a count of all subjects', APART, { key: ({ name }) => name }),
  carelessMutant('a key that runs together', APART, { key: ({ name }, subject) => name + subject }),
  carelessMutant('a key that a subject can forge', APART, { key: ({ name }, subject) => `${name}:${subject}` }),
  carelessMutant(
    'a window from the future that stands',
    'a clock that was set back blocks nobody for longer than a window',
    { stands: ({ endsAt }, now) => now < endsAt },
  ),
]

const returns: readonly Mutant[] = [
  brokenCounters('what is given back and stays counted', 'one that was given back can be taken again, once', () => ({
    giveBack: async () => undefined,
  })),
  carelessMutant('one that is given back frees the window', 'one that was given back can be taken again, once', {
    giveBack: (row) => void (row.count = 0),
  }),
  carelessMutant(
    'what is given back to whatever window stands',
    'one is given back to the window that it was taken from, and to no later one',
    { giveBack: (row) => void row.count-- },
  ),
  carelessMutant('a count below nothing', 'what was never taken cannot be given back', {
    giveBack: (row) => void row.count--,
  }),
]

const races: readonly Mutant[] = [
  carelessMutant(
    'a take that looks and then writes',
    'of those that race exactly as many are taken as the rule allows',
    { between: pause },
  ),
  carelessMutant(
    'a take that is careful, but for one that begins a window',
    'of those that race for the next window exactly as many are taken as the rule allows',
    { between: (isStanding) => (isStanding ? undefined : pause()) },
  ),
  brokenCounters(
    'a give-back that looks and then writes',
    'each of those that are given back at once can be taken again',
    () => {
      const counts = new Map<string, number>()
      return {
        async take({ attempts, windowMs }, subject, now) {
          const count = counts.get(subject) ?? 0
          if (count >= attempts) return { taken: false, retryAfterMs: windowMs }
          counts.set(subject, count + 1)
          return { taken: true, windowEndsAt: now + windowMs }
        },
        async giveBack(_, subject) {
          const count = counts.get(subject) ?? 0
          await pause()
          counts.set(subject, count - 1)
        },
      }
    },
  ),
  brokenCounters(
    'some that are refused though there is room',
    'of those that race exactly as many are taken as the rule allows',
    (counters) => {
      let racing = 0
      return {
        async take(rule, subject, now) {
          if (racing > 3) return { taken: false, retryAfterMs: rule.windowMs }
          racing++
          await pause()
          racing--
          return counters.take(rule, subject, now)
        },
      }
    },
  ),
  {
    fault: 'counters that are forgotten',
    breaks: 'what was counted stays counted after a restart, until the window ends',
    mutate: () => ({}),
    restart: (stores) => ({ ...stores, counters: new MemoryAttemptCounters() }),
  },
]

describe('the suite of the counters of attempts', () => {
  it.for([...windows, ...returns, ...races])('$fault fails: $breaks', async (mutant) => {
    expect(await tryCase(caseNamed(mutant.breaks, attemptCounterCases), mutant)).toBeDefined()
  })

  it.for(attemptCounterCases)('passes counters in a plain map without bad habits: $title', async (one) => {
    expect(await tryCase(one, { mutate: () => ({ counters: careless({}) }) })).toBeUndefined()
  })
})

import { describe, expect, test } from 'vitest'
import { createPolicy, type Policy } from '../policy.ts'
import { StoreUnavailable } from '../stores/unavailable.ts'
import { carryOut } from './carry-out.ts'
import { MemoryAttemptCounters } from './memory-attempt-counters.ts'
import { createThrottle, type Admission, type Attempt, type ThrottledAction } from './throttle.ts'

const WINDOW_MS = 600_000
const DAY_MS = 86_400_000
const ADA = 'ada@example.com'
const HOME = { account: ADA, address: '192.0.2.1' }

function open(settings: Partial<Policy> = {}, counters = new MemoryAttemptCounters()) {
  let now = Date.UTC(2026, 0, 1)
  const policy = createPolicy({
    signInAttemptsPerSource: 3,
    signInAttemptsPerAddress: 8,
    signInAttemptsPerAccount: 6,
    ...settings,
  })
  const throttle = createThrottle({ policy, clock: { now: () => now, monotonic: () => now }, counters })
  return {
    throttle,
    counters,
    forward: (ms: number) => void (now += ms),
    /** Attempts it as often, each with this outcome; how many were admitted. */
    attempt: async (
      times: number,
      who: Attempt,
      outcome: 'succeeded' | 'failed' = 'failed',
      action: ThrottledAction = 'sign-in',
    ): Promise<number> => {
      let admitted = 0
      for (let i = 0; i < times; i++) {
        const admission = await throttle.admit(action, who)
        if (!admission.admitted) continue
        admitted++
        await admission.settle(outcome)
      }
      return admitted
    },
  }
}

function refused(admission: Admission): number {
  if (admission.admitted) throw new Error('it was admitted')
  return admission.retryAfterMs
}

const stranger = (number: number): Attempt => ({ account: ADA, address: `198.51.100.${number}` })

describe('signing in', () => {
  test('V6.3.1 from one address to one account is held to its number of failures, until the window ends', async () => {
    const { attempt, throttle, forward } = open()
    expect(await attempt(5, HOME)).toBe(3)
    forward(1_000)
    expect(refused(await throttle.admit('sign-in', HOME))).toBe(WINDOW_MS - 1_000)
    forward(WINDOW_MS - 1_001)
    expect(refused(await throttle.admit('sign-in', HOME))).toBe(1)
    forward(1)
    expect(await attempt(5, HOME)).toBe(3)
  })

  test('V6.3.1 is counted before it is made: of 100 guesses at once no more pass than one after another', async () => {
    const { throttle } = open()
    const admissions = await Promise.all(Array.from({ length: 100 }, () => throttle.admit('sign-in', HOME)))
    expect(admissions.filter(({ admitted }) => admitted)).toHaveLength(3)
  })

  test('V6.3.1 does not count when it succeeds, or comes to no decision', async () => {
    const { attempt, throttle } = open()
    expect(await attempt(50, HOME, 'succeeded')).toBe(50)
    for (let i = 0; i < 50; i++) {
      const admission = await throttle.admit('sign-in', { ...HOME, account: 'bob@example.com' })
      if (admission.admitted) await admission.settle('undecided')
      else throw new Error(`refused at ${i}`)
    }
    expect(await attempt(5, HOME)).toBe(3)
  })

  test('V6.3.1 counts once it is settled as a failure, whatever is said later', async () => {
    const { attempt, throttle } = open()
    const admission = await throttle.admit('sign-in', HOME)
    if (!admission.admitted) throw new Error('it was not admitted')
    await admission.settle('failed')
    await admission.settle('succeeded')
    await admission.settle('undecided')
    expect(await attempt(5, HOME)).toBe(2)
  })

  test('V6.3.1 gives back no more than was counted', async () => {
    const { attempt, throttle } = open()
    const admission = await throttle.admit('sign-in', HOME)
    await attempt(2, HOME)
    if (!admission.admitted) throw new Error('it was not admitted')
    for (let i = 0; i < 5; i++) await admission.settle('undecided')
    expect(await attempt(5, HOME)).toBe(1)
  })

  test('V6.3.1 from one address is held to its number of failures over all accounts', async () => {
    const { attempt } = open()
    let admitted = 0
    for (let i = 0; i < 20; i++) admitted += await attempt(1, { account: `${i}@example.com`, address: '192.0.2.9' })
    expect(admitted).toBe(8)
    expect(await attempt(1, { account: '1@example.com', address: '192.0.2.10' })).toBe(1)
  })

  test('V6.3.1 to one account is held to its number of failures over all unfamiliar addresses, until the window ends', async () => {
    const { attempt, throttle, forward } = open()
    let admitted = 0
    for (let i = 0; i < 20; i++) admitted += await attempt(1, stranger(i))
    expect(admitted).toBe(6)
    expect(refused(await throttle.admit('sign-in', stranger(99)))).toBe(WINDOW_MS)
    expect(await attempt(1, { account: 'bob@example.com', address: '198.51.100.99' })).toBe(1)
    forward(WINDOW_MS)
    expect(await attempt(1, stranger(99))).toBe(1)
  })

  test('V6.3.1 cannot be locked by strangers for a user who comes from a familiar address', async () => {
    const { attempt, forward } = open()
    expect(await attempt(1, HOME, 'succeeded')).toBe(1)
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 20; i++) await attempt(3, stranger(i))
      expect(await attempt(2, stranger(99))).toBe(0)
      expect(await attempt(2, HOME)).toBe(2)
      expect(await attempt(1, HOME, 'succeeded')).toBe(1)
      forward(WINDOW_MS)
    }
  })

  test('V6.3.1 from a familiar address is held up neither by what others fail there, nor counted against them', async () => {
    const { attempt } = open()
    await attempt(1, HOME, 'succeeded')
    expect(await attempt(3, HOME)).toBe(3)
    let admitted = 0
    for (let i = 0; i < 20; i++) admitted += await attempt(1, { account: `${i}@example.com`, address: HOME.address })
    expect(admitted).toBe(8)
    const { attempt: again } = open()
    await again(1, HOME, 'succeeded')
    for (let i = 0; i < 20; i++) await again(1, { account: `${i}@example.com`, address: HOME.address })
    expect(await again(1, HOME, 'succeeded')).toBe(1)
  })

  test('V6.3.1 from a familiar address is still held to the number of failures from there', async () => {
    const { attempt } = open()
    await attempt(1, HOME, 'succeeded')
    expect(await attempt(10, HOME)).toBe(3)
  })

  test('V6.3.1 makes an address familiar for 30 days', async () => {
    const { attempt, forward } = open()
    await attempt(1, HOME, 'succeeded')
    forward(30 * DAY_MS - 1)
    for (let i = 0; i < 20; i++) await attempt(1, stranger(i))
    expect(await attempt(1, HOME)).toBe(1)
    forward(1)
    expect(await attempt(1, HOME)).toBe(0)
  })

  test('V6.3.1 takes the addresses of one IPv6 subnet, and both clothes of an IPv4 address, for one', async () => {
    const { attempt } = open()
    let admitted = 0
    for (let i = 0; i < 20; i++)
      admitted += await attempt(1, { account: ADA, address: `2001:db8:0:1::${i.toString(16)}` })
    expect(admitted).toBe(3)
    expect(await attempt(1, { account: ADA, address: '2001:db8:0:2::1' })).toBe(1)
    expect((await attempt(2, HOME)) + (await attempt(9, { account: ADA, address: '::ffff:c000:201' }))).toBe(2)
  })

  test('V6.3.1 from nowhere known is one address', async () => {
    const { attempt } = open()
    expect((await attempt(2, { account: ADA })) + (await attempt(9, { account: ADA, address: 'not an address' }))).toBe(
      3,
    )
  })

  test('V6.3.1 is refused without counting: refused attempts prolong nothing and use up nothing of others', async () => {
    const { attempt, throttle, forward } = open()
    await attempt(3, HOME)
    forward(WINDOW_MS / 2)
    expect(await attempt(100, HOME)).toBe(0)
    expect(await attempt(5, { account: 'bob@example.com', address: HOME.address })).toBe(3)
    forward(WINDOW_MS / 2)
    expect((await throttle.admit('sign-in', HOME)).admitted).toBe(true)
  })

  test('V6.3.1 that one count refuses is taken back from the others', async () => {
    const { attempt, forward } = open()
    for (let i = 0; i < 8; i++) await attempt(1, { account: `${i}@example.com`, address: HOME.address })
    for (let i = 1; i <= 6; i++) await attempt(1, stranger(i))
    forward(WINDOW_MS / 2)
    expect(await attempt(20, { account: 'bob@example.com', address: HOME.address })).toBe(0)
    expect(await attempt(20, stranger(99))).toBe(0)
    forward(WINDOW_MS / 2)
    expect(await attempt(20, { account: 'bob@example.com', address: HOME.address })).toBe(3)
    expect(await attempt(20, stranger(99))).toBe(3)
  })

  test('V6.3.8 is held up alike for every email that nobody has signed in with from there, known or not', async () => {
    const { attempt, throttle } = open({ signInAttemptsPerAddress: 1_000 })
    await attempt(1, HOME, 'succeeded')
    const seen = async (account: string): Promise<(number | true)[]> => {
      const answers: (number | true)[] = []
      for (let i = 0; i < 12; i++) {
        const admission = await throttle.admit('sign-in', { account, address: `203.0.113.${i >> 2}` })
        answers.push(admission.admitted || admission.retryAfterMs)
      }
      return answers
    }
    expect(await seen(ADA)).toEqual(await seen('nobody@example.com'))
  })

  test('V6.3.1 keeps blocking whom it blocks while a flood comes from more addresses than it can count', async () => {
    const { attempt, counters } = open({ signInAttemptsPerAccount: 1_000_000 }, new MemoryAttemptCounters(200))
    await attempt(3, HOME)
    for (let i = 0; i < 3_000; i++)
      await attempt(1, { account: `${i}@example.com`, address: `2001:db8:${i.toString(16)}::1` })
    expect(await attempt(1, HOME)).toBe(0)
    expect(counters.size).toBeLessThanOrEqual(600)
    expect(counters.evicted).toBeGreaterThan(0)
  })

  test('keeps nothing of an email, however long it is', async () => {
    const subjects: string[] = []
    class Recording extends MemoryAttemptCounters {
      override async take(...call: Parameters<MemoryAttemptCounters['take']>) {
        subjects.push(call[1])
        return super.take(...call)
      }
    }
    const { attempt } = open({}, new Recording())
    await attempt(1, { account: `${'x'.repeat(60_000)}@example.com`, address: '192.0.2.1' })
    await attempt(1, HOME)
    expect(subjects).toHaveLength(6)
    for (const subject of subjects) expect(subject).toMatch(/^[\w.-]{1,43}$/)
    expect(subjects.join(' ')).not.toContain('ada')
  })
})

describe('signing up', () => {
  test('V6.3.1 is held to its number per address within an hour, whatever becomes of it', async () => {
    const { attempt, throttle, forward } = open({ signUpsPerAddress: 4 })
    const from = { address: '192.0.2.1' }
    expect(await attempt(10, from, 'failed', 'sign-up')).toBe(4)
    expect(refused(await throttle.admit('sign-up', from))).toBe(3_600_000)
    expect(await attempt(1, { address: '192.0.2.2' }, 'failed', 'sign-up')).toBe(1)
    expect(await attempt(1, HOME)).toBe(1)
    forward(3_600_000)
    expect(await attempt(1, from, 'failed', 'sign-up')).toBe(1)
  })

  test('counts what is never settled', async () => {
    const { throttle } = open({ signUpsPerAddress: 2 })
    const admissions = []
    for (let i = 0; i < 4; i++) admissions.push((await throttle.admit('sign-up', { address: '192.0.2.1' })).admitted)
    expect(admissions).toEqual([true, true, false, false])
  })
})

describe('changing the password', () => {
  const change = { account: 'account-1', address: '192.0.2.1' }

  test('V6.3.1 is held to its number of failures per account and address', async () => {
    const { attempt } = open()
    expect(await attempt(9, change, 'failed', 'password-change')).toBe(3)
    expect(await attempt(9, { ...change, account: 'account-2' }, 'failed', 'password-change')).toBe(3)
    expect(await attempt(9, { ...change, account: 'account-3' }, 'succeeded', 'password-change')).toBe(9)
  })

  test('V6.3.1 is held to a number per account, so that many addresses do not help who stole a session', async () => {
    const { attempt, forward } = open()
    let admitted = 0
    for (let i = 0; i < 20; i++)
      admitted += await attempt(1, { ...change, address: `198.51.100.${i}` }, 'failed', 'password-change')
    expect(admitted).toBe(6)
    forward(WINDOW_MS)
    expect(await attempt(1, change, 'failed', 'password-change')).toBe(1)
  })

  test('does not count against signing in, and makes no address familiar', async () => {
    const { attempt } = open()
    await attempt(1, HOME, 'succeeded', 'password-change')
    await attempt(9, HOME, 'failed', 'password-change')
    for (let i = 0; i < 20; i++) await attempt(1, stranger(i))
    expect(await attempt(1, HOME)).toBe(0)
  })
})

describe('counters that are out of reach', () => {
  /** Counters that fail at the take with this number, and from then on, until they are back. */
  class Failing extends MemoryAttemptCounters {
    left = Infinity
    override async take(...given: Parameters<MemoryAttemptCounters['take']>) {
      if (this.left-- <= 0) throw new StoreUnavailable('away')
      return super.take(...given)
    }
  }

  test.for(['sign-in', 'sign-up', 'password-change'] as const)('admit nobody to a %s, and say why', async (action) => {
    const counters = new Failing()
    counters.left = 0
    const { throttle } = open({}, counters)
    await expect(throttle.admit(action, HOME)).rejects.toThrow(StoreUnavailable)
  })

  test('count in part against nobody', async () => {
    const counters = new Failing()
    const { throttle, attempt } = open({}, counters)
    for (let round = 0; round < 10; round++) {
      for (const reached of [1, 2]) {
        counters.left = reached
        await expect(throttle.admit('sign-in', HOME)).rejects.toThrow(StoreUnavailable)
      }
    }
    counters.left = Infinity
    expect(counters.size).toBe(0)
    expect(await attempt(5, HOME)).toBe(3)
  })

  test('do not hide what went wrong before', async () => {
    const counters = new Failing()
    const { throttle } = open({}, counters)
    const admission = await throttle.admit('sign-in', HOME)
    if (!admission.admitted) throw new Error('it was refused')
    counters.giveBack = () => Promise.reject(new StoreUnavailable('away'))
    const work = (): Promise<never> => Promise.reject(new RangeError('the work itself'))
    await expect(carryOut(admission, work)).rejects.toThrow(RangeError)
  })
})

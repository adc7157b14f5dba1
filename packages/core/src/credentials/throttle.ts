import { hash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Policy } from '../policy.ts'
import { addressGroup } from './address-group.ts'
import type { AttemptCounters, AttemptRule } from './attempt-counters.ts'
import type { FamiliarAddresses } from './familiar-addresses.ts'
import { MemoryAttemptCounters } from './memory-attempt-counters.ts'
import { MemoryFamiliarAddresses } from './memory-familiar-addresses.ts'

/** What is held to a number of attempts. */
export type ThrottledAction = 'sign-in' | 'sign-up' | 'password-change' | 'email-change'

/** Who attempts it: the account it concerns, by canonical email or id, and the address it comes from. */
export interface Attempt {
  readonly account?: string | undefined
  readonly address?: string | undefined
}

/** Whether an attempt may be made. It counts from then on, so that parallel guesses do not all pass, until it is settled. */
export type Admission =
  | {
      readonly admitted: true
      /**
       * `failed` leaves it counted; `succeeded` gives it back, and after a sign-in remembers the address; `undecided` only
       * gives it back. The first settlement holds; an attempt that is never settled stays counted.
       */
      settle(outcome: 'succeeded' | 'failed' | 'undecided'): Promise<void>
    }
  | { readonly admitted: false; readonly retryAfterMs: number }

/** Holds attempts to the numbers of the policy (ASVS 6.3.1). Never asks whether an account exists: all are counted alike. */
export interface Throttle {
  /** Rejects when it cannot be counted: then the attempt must not be made. */
  admit(action: ThrottledAction, attempt: Attempt): Promise<Admission>
}

/** What a throttle is made of; what it remembers is kept in process memory unless given: then it is forgotten with the process, and each node counts for itself. */
export interface ThrottleParts {
  readonly policy: Policy
  readonly clock: Clock
  readonly counters?: AttemptCounters | undefined
  readonly familiar?: FamiliarAddresses | undefined
}

const HOUR_MS = 3_600_000
const FAMILIAR_MS = 30 * 24 * HOUR_MS

/** One count that an attempt is held to. */
interface Held {
  readonly rule: AttemptRule
  readonly subject: string
}

interface Taken extends Held {
  readonly windowEndsAt: number
}

/** Whom an attempt is counted for: the account under a name of one length, and the group of addresses. */
interface Source {
  readonly account: string
  readonly group: string
}

/**
 * Throttling under this policy. From an address that the account has signed in from within 30 days, only the failures of
 * that account from there count: no stranger elsewhere can lock a user out. From anywhere else, failures also count
 * against the address, whatever the account, and against the account, whatever the unfamiliar address; that ends with
 * `signInWindowSeconds`. Strangers behind the same address (one NAT, one /64) are not told apart from the user: they can
 * block that pair for a window, and see that an address is familiar to an account by not being held up there.
 *
 * A window begins with its first attempt, so that around its end up to twice the number may come close together.
 *
 * @example
 * const admission = await throttle.admit('sign-in', { account: 'ada@example.com', address: '192.0.2.1' })
 * if (admission.admitted) await admission.settle('failed')
 */
export function createThrottle(parts: ThrottleParts): Throttle {
  const { policy, clock, counters = new MemoryAttemptCounters(), familiar = new MemoryFamiliarAddresses() } = parts
  const rules = rulesOf(policy)
  // All at once, each tried once: stores write them together, and one that fails keeps no other back.
  const giveBack = async (taken: readonly Taken[]): Promise<void> => {
    await Promise.all(taken.map(({ rule, subject, windowEndsAt }) => counters.giveBack(rule, subject, windowEndsAt)))
  }
  return {
    async admit(action, attempt) {
      const now = clock.now()
      const source = { account: shorten(attempt.account ?? ''), group: addressGroup(attempt.address) }
      const isFamiliar = await familiar.knows(source.account, source.group, now)
      const { taken, refused } = await takeEach(counters, heldTo(rules, action, source, isFamiliar), now)
      if (refused !== undefined) {
        await giveBack(taken)
        return { admitted: false, retryAfterMs: refused.retryAfterMs }
      }
      return {
        admitted: true,
        async settle(outcome) {
          const settled = taken.splice(0)
          if (settled.length === 0 || outcome === 'failed') return
          const until = clock.now() + FAMILIAR_MS
          const isSignedIn = outcome === 'succeeded' && action === 'sign-in'
          await Promise.all([
            giveBack(settled),
            ...(isSignedIn ? [familiar.remember(source.account, source.group, until)] : []),
          ])
        },
      }
    },
  }
}

/** What was taken, up to the first that was refused. */
interface Tally {
  readonly taken: Taken[]
  readonly refused?: { readonly retryAfterMs: number } | undefined
}

/** One after the other, so that whoever is refused by the narrowest has touched no other. */
async function takeEach(counters: AttemptCounters, all: readonly Held[], now: number): Promise<Tally> {
  const taken: Taken[] = []
  try {
    for (const held of all) {
      const taking = await counters.take(held.rule, held.subject, now)
      if (!taking.taken) return { taken, refused: taking }
      taken.push({ ...held, windowEndsAt: taking.windowEndsAt })
    }
    return { taken }
  } catch (error) {
    // An attempt that cannot be made counts against nobody, as far as that can still be said.
    for (const { rule, subject, windowEndsAt } of taken)
      counters.giveBack(rule, subject, windowEndsAt).catch(() => undefined)
    throw error
  }
}

type Rules = ReturnType<typeof rulesOf>

function rulesOf(policy: Policy) {
  const { signInAttemptsPerSource, signInAttemptsPerAddress, signInAttemptsPerAccount, signUpsPerAddress } = policy
  const windowMs = policy.signInWindowSeconds * 1000
  return {
    signInPair: { name: 'sign-in pair', attempts: signInAttemptsPerSource, windowMs },
    signInAddress: { name: 'sign-in address', attempts: signInAttemptsPerAddress, windowMs },
    signInAccount: { name: 'sign-in account', attempts: signInAttemptsPerAccount, windowMs },
    signUpAddress: { name: 'sign-up address', attempts: signUpsPerAddress, windowMs: HOUR_MS },
    emailAccount: { name: 'email-change account', attempts: signUpsPerAddress, windowMs: HOUR_MS },
    changePair: { name: 'password-change pair', attempts: signInAttemptsPerSource, windowMs },
    changeAccount: { name: 'password-change account', attempts: signInAttemptsPerAccount, windowMs },
  } satisfies Record<string, AttemptRule>
}

/** The narrowest first: what is refused there has touched nothing that others are held to. */
function heldTo(rules: Rules, action: ThrottledAction, { account, group }: Source, isFamiliar: boolean): Held[] {
  const pair = shorten(`${account} ${group}`)
  switch (action) {
    case 'sign-up':
      return [{ rule: rules.signUpAddress, subject: group }]
    case 'email-change':
      // Either tells whether an email address is taken, so that they share what an address may ask.
      return [
        { rule: rules.emailAccount, subject: account },
        { rule: rules.signUpAddress, subject: group },
      ]
    case 'password-change':
      return [
        { rule: rules.changePair, subject: pair },
        { rule: rules.changeAccount, subject: account },
      ]
    case 'sign-in':
      if (isFamiliar) return [{ rule: rules.signInPair, subject: pair }]
      return [
        { rule: rules.signInPair, subject: pair },
        { rule: rules.signInAddress, subject: group },
        { rule: rules.signInAccount, subject: account },
      ]
  }
}

/** Of one length, whatever was sent as an email; and the email itself is not kept. */
function shorten(text: string): string {
  return hash('sha256', text, 'base64url')
}

import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Policy } from '../policy.ts'
import { addressGroup } from './address-group.ts'
import { MemoryAttemptCounters, type AttemptCounters, type AttemptLimit } from './attempt-counters.ts'

/** What is held to a number of attempts. */
export type ThrottledAction = 'sign-in' | 'sign-up' | 'password-change'

/** Who attempts it: the account it concerns, by canonical email or id, and the address it comes from. */
export interface Attempt {
  readonly account?: string | undefined
  readonly address?: string | undefined
}

/** Whether an attempt may be made. It counts from then on, so that parallel guesses do not all pass, until it is settled. */
export type Admission =
  | {
      readonly admitted: true
      /** `failed` leaves it counted; `succeeded` gives it back and remembers the address; `undecided` only gives it back. */
      settle(outcome: 'succeeded' | 'failed' | 'undecided'): Promise<void>
    }
  | { readonly admitted: false; readonly retryAfterMs: number }

/** Holds attempts to the numbers of the policy (ASVS 6.3.1). Says nothing about whether an account exists: all are counted alike. */
export interface Throttle {
  admit(action: ThrottledAction, attempt: Attempt): Promise<Admission>
}

const HOUR_MS = 3_600_000
const FAMILIAR_MS = 30 * 24 * HOUR_MS
const FAMILIAR_CAPACITY = 100_000

interface Counted {
  readonly key: string
  readonly limit: AttemptLimit
}

/**
 * Throttling under this policy. A stranger's failures count against the stranger's address and against unfamiliar addresses as a
 * whole; an address from which the account has signed in within 30 days has only its own count, so that no stranger can lock
 * a user out of the places they use, and out of others for at most one window.
 */
export function createThrottle(parts: {
  readonly policy: Policy
  readonly clock: Clock
  readonly counters?: AttemptCounters | undefined
}): Throttle {
  const { policy, clock, counters = new MemoryAttemptCounters() } = parts
  const familiar = new Familiarity()
  return {
    async admit(action, attempt) {
      const now = clock.now()
      const pair = pairKey(attempt)
      const counted = countedFor(action, attempt, policy, familiar.knows(pair, now))
      const taken: Counted[] = []
      const giveBack = async (): Promise<void> => {
        for (const { key } of taken) await counters.giveBack(key)
      }
      for (const each of counted) {
        const outcome = await counters.take(each.key, each.limit, now)
        if (!outcome.taken) {
          await giveBack()
          return { admitted: false, retryAfterMs: outcome.retryAfterMs }
        }
        taken.push(each)
      }
      return {
        admitted: true,
        async settle(outcome) {
          if (outcome === 'failed') return
          if (outcome === 'succeeded' && action === 'sign-in') familiar.remember(pair, now)
          await giveBack()
        },
      }
    },
  }
}

function countedFor(action: ThrottledAction, attempt: Attempt, policy: Policy, isFamiliar: boolean): Counted[] {
  const group = addressGroup(attempt.address)
  const windowMs = policy.signInWindowSeconds * 1000
  const pair = {
    key: `${action} pair ${pairKey(attempt)}`,
    limit: { attempts: policy.signInAttemptsPerSource, windowMs },
  }
  switch (action) {
    case 'sign-up':
      return [{ key: `sign-up ${group}`, limit: { attempts: policy.signUpsPerAddress, windowMs: HOUR_MS } }]
    case 'password-change':
      return [pair]
    case 'sign-in': {
      const address = { key: `sign-in from ${group}`, limit: { attempts: policy.signInAttemptsPerAddress, windowMs } }
      const account = {
        key: `sign-in to ${shorten(attempt.account)}`,
        limit: { attempts: policy.signInAttemptsPerAccount, windowMs },
      }
      return isFamiliar ? [pair, address] : [pair, address, account]
    }
  }
}

function pairKey({ account, address }: Attempt): string {
  return `${shorten(account)} ${addressGroup(address)}`
}

/** Of one length, whatever was sent as an email; and the email itself is not kept. */
function shorten(account: string | undefined): string {
  return createHash('sha256')
    .update(account ?? '')
    .digest('base64url')
}

/** Where accounts have signed in from: bounded, the longest unseen goes first. */
class Familiarity {
  readonly #untilByPair = new Map<string, number>()

  knows(pair: string, now: number): boolean {
    return now < (this.#untilByPair.get(pair) ?? 0)
  }

  remember(pair: string, now: number): void {
    this.#untilByPair.delete(pair)
    this.#untilByPair.set(pair, now + FAMILIAR_MS)
    if (this.#untilByPair.size <= FAMILIAR_CAPACITY) return
    const oldest = this.#untilByPair.keys().next()
    if (oldest.done !== true) this.#untilByPair.delete(oldest.value)
  }
}

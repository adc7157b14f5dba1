import { hash, verify } from '@node-rs/argon2'
import type { Policy } from '../policy.ts'
import { createQueue } from './bounded-queue.ts'
import { readHash, remainingCost, type HashCost } from './hash-cost.ts'

/** A hash in PHC string format: algorithm, parameters, salt and tag. */
export type PasswordHash = `$argon2${string}`

/** What checking a password came to; `busy`: too many are being checked already. */
export type PasswordVerdict = 'match' | 'mismatch' | 'busy'

/**
 * Hashes passwords with Argon2id (RFC 9106), off the event loop, a few at a time and in the order in which they came.
 * Rejects when the computation itself fails, for want of memory for instance.
 */
export interface Passwords {
  /** Rejects with a `TypeError` on an unpaired surrogate, which `judgePassword` refuses. */
  hash(password: string): Promise<PasswordHash | 'busy'>
  /**
   * Compares the password exactly as it was received (ASVS 6.2.8). Undefined for the hash of an account that is not there;
   * that, a malformed hash and a hash of lesser cost take as much work as any other, and the first two never match.
   */
  verify(hash: string | undefined, password: string): Promise<PasswordVerdict>
  /** Whether a hash was made with lesser parameters than the policy's. */
  needsRehash(hash: string): boolean
  /** How many are being hashed now. */
  readonly running: number
  /** How many wait to be hashed now. */
  readonly waiting: number
}

/**
 * Hashing under this policy: `passwordConcurrency` at once, `passwordQueueLength` waiting, and the answer `busy` at once past
 * that. The computations share libuv's threads with the file system: more than `UV_THREADPOOL_SIZE` (4) at once gain nothing.
 *
 * @example
 * const passwords = createPasswords(createPolicy())
 * const verdict = await passwords.verify(account?.passwordHash, password)
 */
export function createPasswords(policy: Policy): Passwords {
  // Argon2id in version 1.3 is what the library takes unless told otherwise.
  const wanted: HashCost = { memoryCost: policy.passwordMemoryKib, timeCost: policy.passwordPasses, parallelism: 1 }
  const queue = createQueue(policy.passwordConcurrency, policy.passwordQueueLength)
  const nobody = nobodysHash(wanted)

  const check = async (stored: string | undefined, password: string): Promise<PasswordVerdict> => {
    const made = stored === undefined ? undefined : readHash(stored)
    const matches = await verify(made === undefined || stored === undefined ? nobody : stored, password)
    // Else the time would tell an account that has not signed in since the parameters rose (ASVS 6.3.8).
    const rest = remainingCost(made ?? wanted, wanted)
    if (rest !== undefined) await hash(password, rest)
    // In UTF-8 every unpaired surrogate becomes the same replacement character: such a password is none that was ever set.
    return matches && made !== undefined && password.isWellFormed() ? 'match' : 'mismatch'
  }

  return {
    async hash(password) {
      if (!password.isWellFormed()) throw new TypeError('a password with an unpaired surrogate cannot be hashed')
      return queue.run(() => hash(password, wanted) as Promise<PasswordHash>)
    },
    verify: (stored, password) => queue.run(() => check(stored, password)),
    needsRehash(stored) {
      const made = readHash(stored)
      return made === undefined || !made.current || isLess(made, wanted)
    },
    get running() {
      return queue.running
    },
    get waiting() {
      return queue.waiting
    },
  }
}

/** A hash that costs as much to check as any, and that no password is known to match: salt and tag are all zeros. */
function nobodysHash({ memoryCost, timeCost, parallelism }: HashCost): string {
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${'A'.repeat(22)}$${'A'.repeat(43)}`
}

function isLess(made: HashCost, wanted: HashCost): boolean {
  return made.memoryCost < wanted.memoryCost || made.timeCost < wanted.timeCost || made.parallelism < wanted.parallelism
}

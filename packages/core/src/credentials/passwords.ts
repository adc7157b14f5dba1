import { hash, verify, type Options } from '@node-rs/argon2'
import type { Policy } from '../policy.ts'

/** What checking a password came to; `busy`: too many are being checked already. */
export type PasswordVerdict = 'match' | 'mismatch' | 'busy'

/** Hashes passwords with Argon2id (RFC 9106), off the event loop, a few at a time. */
export interface Passwords {
  /** A new hash in PHC string format. */
  hash(password: string): Promise<{ readonly phc: string } | 'busy'>
  /** Undefined for the hash of an account that is not there: costs the same, and never matches. */
  verify(hash: string | undefined, password: string): Promise<PasswordVerdict>
  /** Whether a hash was made with lesser parameters than the policy's. */
  needsRehash(hash: string): boolean
}

const PARALLELISM = 1
const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$/

/** Hashing under this policy: `passwordConcurrency` at once, `passwordQueueLength` waiting, and the answer `busy` past that. */
export function createPasswords(policy: Policy): Passwords {
  // Argon2id is what the library takes unless told otherwise; its names for the variants cannot be imported in isolated modules.
  const options: Options = {
    memoryCost: policy.passwordMemoryKib,
    timeCost: policy.passwordPasses,
    parallelism: PARALLELISM,
  }
  const enter = createQueue(policy.passwordConcurrency, policy.passwordQueueLength)
  let nobody: Promise<string> | undefined

  return {
    hash: (password) => enter(async () => ({ phc: await hash(password, options) })),
    verify: (stored, password) =>
      enter(async () => {
        // Of the same parameters as any other, so that nobody can tell by the time whether there is an account (ASVS 6.3.8).
        const against = stored ?? (await (nobody ??= hash('nobody has this password', options)))
        const matches = await verify(against, password).catch(() => false)
        return matches && stored !== undefined ? 'match' : 'mismatch'
      }),
    needsRehash(stored) {
      const [, memory, passes, parallelism] = PHC.exec(stored)?.map(Number) ?? []
      if (memory === undefined || passes === undefined || parallelism === undefined) return true
      return memory < policy.passwordMemoryKib || passes < policy.passwordPasses || parallelism < PARALLELISM
    },
  }
}

/** Lets `width` jobs run at once and `length` more wait in order; whoever comes after is told `busy` at once. */
function createQueue(width: number, length: number): <Result>(job: () => Promise<Result>) => Promise<Result | 'busy'> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (job) => {
    if (running >= width) {
      if (waiting.length >= length) return 'busy'
      // Whoever leaves hands its place over, so that nobody overtakes.
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else running++
    try {
      return await job()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }
}

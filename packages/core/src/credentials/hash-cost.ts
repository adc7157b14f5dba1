import { parseOptions } from '@node-rs/argon2'
import { POLICY_LIMITS } from '../policy.ts'

/** What one Argon2 computation costs: memory in KiB, passes, lanes (RFC 9106 3.1). */
export interface HashCost {
  readonly memoryCost: number
  readonly timeCost: number
  readonly parallelism: number
}

/** What a stored hash says about how it was made. */
export interface HashOrigin extends HashCost {
  /** Argon2id in version 1.3, and not one of its lesser relatives. */
  readonly current: boolean
}

const LEAST_MEMORY_KIB = 8
const MOST_LANES = 255

/**
 * How a hash in PHC string format was made. Undefined when it is malformed, or asks for more than any policy allows: a
 * damaged row must not get at the machine's memory.
 */
export function readHash(stored: string): HashOrigin | undefined {
  const made = parse(stored)
  if (made === undefined || made.parallelism > MOST_LANES) return undefined
  const { memoryCost, timeCost, parallelism } = made
  if (memoryCost > POLICY_LIMITS.passwordMemoryKib.max || timeCost > POLICY_LIMITS.passwordPasses.max) return undefined
  return { memoryCost, timeCost, parallelism, current: stored.startsWith('$argon2id$v=19$') }
}

function parse(stored: string): ReturnType<typeof parseOptions> | undefined {
  try {
    return parseOptions(stored)
  } catch {
    return undefined
  }
}

/**
 * What is left to compute after a hash of lesser cost was checked, so that the whole takes as long as one of the wanted cost:
 * the time goes with memory times passes. Undefined when nothing is left.
 */
export function remainingCost(made: HashCost, wanted: HashCost): HashCost | undefined {
  const left = wanted.memoryCost * wanted.timeCost - made.memoryCost * made.timeCost
  if (left < LEAST_MEMORY_KIB) return undefined
  const timeCost = Math.ceil(left / wanted.memoryCost)
  return { memoryCost: Math.floor(left / timeCost), timeCost, parallelism: 1 }
}

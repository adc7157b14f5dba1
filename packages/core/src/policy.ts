import type { SigningAlgorithm } from '@counterfoil/protocol'
import { SIGNING_ALGORITHMS } from '@counterfoil/protocol'

/** One number of the policy: its default and the range in which it makes sense. */
interface Limit {
  readonly initial: number
  readonly min: number
  readonly max: number
  /** What it does, for documentation and messages. */
  readonly says: string
}

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/**
 * Every lifetime and limit, with its unit in its name. `docs/operations/configuration.md` is held to this table by a
 * test; in TOML and in the environment the names are in snake_case.
 */
export const POLICY_LIMITS = {
  accessTokenSeconds: { initial: 5 * MINUTE, min: 10, max: HOUR, says: 'how long an access token is accepted' },
  hybridIdleSeconds: {
    initial: 14 * DAY,
    min: MINUTE,
    max: 365 * DAY,
    says: 'how long a hybrid session lives without a refresh',
  },
  hybridAbsoluteSeconds: {
    initial: 30 * DAY,
    min: MINUTE,
    max: 365 * DAY,
    says: 'how long a hybrid session lives at most',
  },
  statelessRefreshSeconds: {
    initial: DAY,
    min: MINUTE,
    max: 30 * DAY,
    says: 'how long a stateless session lives; refreshing does not prolong it',
  },
  statefulIdleSeconds: {
    initial: DAY,
    min: MINUTE,
    max: 365 * DAY,
    says: 'how long a stateful session lives without use',
  },
  statefulAbsoluteSeconds: {
    initial: 30 * DAY,
    min: MINUTE,
    max: 365 * DAY,
    says: 'how long a stateful session lives at most',
  },
  leewaySeconds: { initial: 5, min: 0, max: 60, says: 'by how much clocks of verifiers may differ' },
  refreshConcurrencyWindowSeconds: {
    initial: 30,
    min: 0,
    max: 5 * MINUTE,
    says: 'how long after a rotation the previous refresh token still gets the same answer',
  },
  proofSeconds: {
    initial: 60,
    min: 5,
    max: 5 * MINUTE,
    says: 'how old a proof of possession (DPoP) may be, by the clock of the client',
  },
  proofNonceSeconds: {
    initial: 0,
    min: 0,
    max: 5 * MINUTE,
    says: 'how long a nonce for such proofs is handed out, and accepted for as long again; 0: only clients whose clock is wrong need one',
  },
  leaseSeconds: {
    initial: 5,
    min: 1,
    max: 5 * MINUTE,
    says: 'how long a verifier may decide without hearing from the server: the bound within which a revocation is obeyed everywhere',
  },
  upstreamTokenSeconds: {
    initial: 60,
    min: 5,
    max: 60,
    says: 'how long a token made for an upstream by /verify is accepted',
  },
  reauthenticationSeconds: {
    initial: 15 * MINUTE,
    min: MINUTE,
    max: DAY,
    says: 'how recent a sign-in must be to delete the account, and on the pages to end other sessions',
  },
  signingKeyRotationSeconds: {
    initial: 90 * DAY,
    min: HOUR,
    max: 3650 * DAY,
    says: 'how long a key signs before the next one takes over',
  },
  opaqueKeyRotationSeconds: {
    initial: 180 * DAY,
    min: DAY,
    max: 3650 * DAY,
    says: 'the same for the key of opaque tokens',
  },
  keyPublicationSeconds: {
    initial: 10 * MINUTE,
    min: 0,
    max: 7 * DAY,
    says: 'how long a key is published at least before it signs; verifiers may cache the key set for half of it',
  },
  keyReloadSeconds: { initial: 5, min: 1, max: HOUR, says: 'how soon every node knows of a change of keys' },
  revocationRetentionSeconds: {
    initial: DAY,
    min: HOUR,
    max: 365 * DAY,
    says: 'how long the log keeps what was ended',
  },
  cachedSessions: {
    initial: 50_000,
    min: 0,
    max: 10_000_000,
    says: 'how many sessions a node keeps in memory, about 1.5 kB each, so that a request with one of them needs no store',
  },
  passwordMinLength: { initial: 8, min: 8, max: 64, says: 'the least number of characters in a password' },
  passwordMaxLength: { initial: 256, min: 64, max: 1024, says: 'the largest number of characters in a password' },
  passwordMemoryKib: { initial: 19_456, min: 7_168, max: 1_048_576, says: 'memory of one password hash (Argon2id m)' },
  passwordPasses: { initial: 2, min: 1, max: 20, says: 'passes of one password hash (Argon2id t)' },
  passwordConcurrency: { initial: 2, min: 1, max: 64, says: 'how many passwords are hashed at once' },
  passwordQueueLength: {
    initial: 100,
    min: 0,
    max: 10_000,
    says: 'how many more may wait for that; past it the answer is 503',
  },
  signInAttemptsPerSource: {
    initial: 10,
    min: 1,
    max: 10_000,
    says: 'failed sign-ins to one account from one address within the window',
  },
  signInAttemptsPerAddress: {
    initial: 100,
    min: 1,
    max: 1_000_000,
    says: 'failed sign-ins from one address, whatever the account, within the window',
  },
  signInAttemptsPerAccount: {
    initial: 50,
    min: 1,
    max: 1_000_000,
    says: 'failed sign-ins to one account from addresses that it has not signed in from, within the window',
  },
  signInWindowSeconds: { initial: 10 * MINUTE, min: 1, max: DAY, says: 'the window of the three above' },
  signUpsPerAddress: {
    initial: 20,
    min: 1,
    max: 1_000_000,
    says: 'sign-ups and changes of email address from one address within an hour; such changes of one account too',
  },
  attributesBytes: { initial: 65_536, min: 0, max: 65_536, says: 'size of all attributes of one session as JSON' },
} as const satisfies Record<string, Limit>

/** A name in the table of lifetimes and limits. */
export type PolicyLimit = keyof typeof POLICY_LIMITS

/** Every lifetime and limit, validated. See `POLICY_LIMITS` for units, defaults and meaning. */
export type Policy = Readonly<Record<PolicyLimit, number>> & {
  /** What new signing keys are made for. */
  readonly signingAlgorithm: SigningAlgorithm
}

/** What a setting of the policy was refused for. `setting` is the name as it was given. */
export class PolicyError extends TypeError {
  override readonly name = 'PolicyError'
  readonly setting: string

  constructor(setting: string, problem: string) {
    super(problem)
    this.setting = setting
  }
}

/**
 * The policy with these settings in place of the defaults.
 *
 * @throws {PolicyError} naming the setting: unknown, not a whole number, out of range, or at odds with another.
 * @example
 * const policy = createPolicy({ accessTokenSeconds: 120 })
 */
export function createPolicy(settings: Partial<Policy> = {}): Policy {
  const limits = Object.fromEntries(
    Object.entries<Limit>(POLICY_LIMITS).map(([name, limit]) => [name, limit.initial]),
  ) as Record<PolicyLimit, number>
  let signingAlgorithm: SigningAlgorithm = 'EdDSA'
  for (const [name, value] of Object.entries<unknown>(settings)) {
    if (value === undefined) continue
    if (name === 'signingAlgorithm') signingAlgorithm = checkAlgorithm(value)
    else limits[checkName(name)] = checkNumber(name as PolicyLimit, value)
  }
  const policy = { ...limits, signingAlgorithm }
  checkTogether(policy)
  return Object.freeze(policy)
}

function checkAlgorithm(value: unknown): SigningAlgorithm {
  const algorithm = SIGNING_ALGORITHMS.find((known) => known === value)
  if (algorithm !== undefined) return algorithm
  throw new PolicyError('signingAlgorithm', `must be one of ${SIGNING_ALGORITHMS.join(', ')}`)
}

function checkName(name: string): PolicyLimit {
  if (Object.hasOwn(POLICY_LIMITS, name)) return name as PolicyLimit
  throw new PolicyError(name, 'is not a setting of the policy')
}

function checkNumber(name: PolicyLimit, value: unknown): number {
  const { min, max } = POLICY_LIMITS[name]
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  throw new PolicyError(name, `must be a whole number from ${min} to ${max}`)
}

/** Settings that are fine alone and wrong together. */
function checkTogether(policy: Policy): void {
  const atMost = (name: PolicyLimit, other: PolicyLimit): void => {
    if (policy[name] > policy[other]) throw new PolicyError(name, `must not be more than ${other} (${policy[other]})`)
  }
  atMost('hybridIdleSeconds', 'hybridAbsoluteSeconds')
  atMost('statefulIdleSeconds', 'statefulAbsoluteSeconds')
  atMost('accessTokenSeconds', 'hybridAbsoluteSeconds')
  // A stateless session that was ended is only known from the log: it must stay there as long as its refresh token could return.
  atMost('statelessRefreshSeconds', 'revocationRetentionSeconds')
  atMost('accessTokenSeconds', 'statelessRefreshSeconds')
  const keepsTokens = policy.accessTokenSeconds + policy.leewaySeconds + 2 * policy.leaseSeconds
  if (policy.revocationRetentionSeconds < keepsTokens)
    throw new PolicyError('revocationRetentionSeconds', `must cover access tokens, leeway and leases (${keepsTokens})`)
  atMost('passwordMinLength', 'passwordMaxLength')
}

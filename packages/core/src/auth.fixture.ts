import type { ApplicationId } from '@counterfoil/protocol'
import type { ApplicationSettings } from './applications/application.ts'
import { createAuth, type Auth } from './auth.ts'
import { createPolicy, type Policy } from './policy.ts'
import type { Random } from './random.ts'
import { isRefusal, type Outcome } from './refusal.ts'
import type { SignedIn } from './sessions/caller.ts'
import type { Database } from './stores/database.ts'
import type { RevocationLog } from './stores/revocation-log.ts'
import type { SessionStore } from './stores/session-store.ts'

/** An issuer in memory, with a clock that stands still until it is moved and a source of randomness with a seed. */
export interface Bench {
  readonly auth: Auth
  readonly stores: { readonly database: Database; readonly sessions: SessionStore; readonly log: RevocationLog }
  readonly clock: { now(): number; monotonic(): number; forward(seconds: number): void }
  readonly policy: Policy
  /** The same stores under a new issuer: a restart. */
  restart(): Promise<Auth>
}

/** Bytes that look random and are the same for each seed. */
function seededRandom(seed: number): Random {
  let state = seed
  return (length) =>
    Uint8Array.from({ length }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state >>> 24
    })
}

/** Settings of an application that is named after its strategy. */
export function application(
  strategy: ApplicationSettings['strategy'],
  more: Partial<ApplicationSettings> = {},
): ApplicationSettings {
  const id = strategy as string as ApplicationId
  const lists = { audience: [], origins: [], redirectUris: [] }
  return { id, name: strategy, strategy, transport: 'body', ...lists, lifetimes: {}, ...more }
}

export const ORIGIN = { address: '192.0.2.1', userAgent: 'test' }
export const PASSWORD = 'correct horse battery'
export const HYBRID = 'hybrid' as ApplicationId
export const STATEFUL = 'stateful' as ApplicationId
export const STATELESS = 'stateless' as ApplicationId

/** The result of a use case that is expected to happen. */
export function happened<Result extends object>(outcome: Outcome<Result>): Result {
  if (isRefusal(outcome)) throw new Error(`refused: ${outcome.refused} ${outcome.detail ?? ''}`)
  return outcome
}

/** An issuer with the three applications, over these stores. Hashing is as cheap as the policy allows. */
export async function openBench(stores: Bench['stores'], settings: Partial<Policy> = {}): Promise<Bench> {
  let instant = Date.UTC(2026, 0, 1)
  const clock = {
    now: () => instant,
    monotonic: () => instant,
    forward: (seconds: number) => void (instant += seconds * 1000),
  }
  const policy = createPolicy({
    passwordMemoryKib: 7_168,
    passwordPasses: 1,
    signInAttemptsPerAddress: 10_000,
    ...settings,
  })
  const random = seededRandom(7)
  const secret = new Uint8Array(32).fill(9)
  const open = (): Promise<Auth> =>
    createAuth({ ...stores, issuer: 'https://auth.example.com', secret, policy, clock, random })
  const auth = await open()
  await auth.declareApplications([application('stateless'), application('stateful'), application('hybrid')])
  return { auth, stores, clock, policy, restart: open }
}

/** Signs Ada up, if need be, and in. */
export async function signIn(
  { auth }: Pick<Bench, 'auth'>,
  applicationId: ApplicationId,
  email = 'ada@example.com',
): Promise<SignedIn> {
  await auth.signUp({ email, password: PASSWORD, name: 'Ada' }, ORIGIN)
  return happened(await auth.signIn({ applicationId, email, password: PASSWORD }, ORIGIN))
}

/** The refresh token of a session that has one. */
export function refreshTokenOf({ credentials }: SignedIn): string {
  if (credentials.refreshToken === undefined) throw new Error('there is no refresh token')
  return credentials.refreshToken
}

/** The session token of a session that has one. */
export function sessionTokenOf({ credentials }: SignedIn): string {
  if (credentials.sessionToken === undefined) throw new Error('there is no session token')
  return credentials.sessionToken
}

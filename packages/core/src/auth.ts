import { createHash, timingSafeEqual } from 'node:crypto'
import type { AccessTokenClaims, AccountId, ApplicationId, KeyId, SessionId } from '@counterfoil/protocol'
import type { Account } from './accounts/account.ts'
import { changeAccount, changePassword, type AccountChange } from './accounts/change.ts'
import { disableAccount, eraseAccount } from './accounts/end.ts'
import { signIn, type SignIn } from './accounts/sign-in.ts'
import { registerAccount, signUp, signUpAndIn, type SignUp } from './accounts/sign-up.ts'
import { declareApplication, formerAcceptanceUntil } from './applications/acceptance.ts'
import type { Application, ApplicationSettings } from './applications/application.ts'
import { checkLifetimes, longestAcceptanceMs } from './applications/lifetimes.ts'
import type { Clock } from './clock.ts'
import type { AttemptCounters } from './credentials/attempt-counters.ts'
import type { FamiliarAddresses } from './credentials/familiar-addresses.ts'
import { createPasswords } from './credentials/passwords.ts'
import { createThrottle } from './credentials/throttle.ts'
import type { Issuer } from './issuer.ts'
import type { Policy } from './policy.ts'
import { drawId, type Random } from './random.ts'
import { RevocationFeed } from './revocations/feed.ts'
import type { Outcome } from './refusal.ts'
import { readAttributes, writeAttribute } from './sessions/attributes.ts'
import type { Caller, Ended, SessionView, SignedIn } from './sessions/caller.ts'
import { endAllSessions, endApplicationSessions, endSession, expiredAt } from './sessions/end.ts'
import { introspect, type Introspection } from './sessions/introspect.ts'
import type { KeyProof } from './sessions/key-proof.ts'
import { listSessions } from './sessions/list.ts'
import { NearCache } from './sessions/near-cache.ts'
import { ProvenTags } from './tokens/proven-tags.ts'
import { recogniseAccessToken, recogniseSessionToken } from './sessions/recognise.ts'
import { refresh } from './sessions/refresh.ts'
import { revoke } from './sessions/revoke.ts'
import type { Use } from './sessions/session.ts'
import type { Database } from './stores/database.ts'
import type { NodeBoard } from './stores/node-board.ts'
import type { RevocationLog } from './stores/revocation-log.ts'
import type { SessionStore, VersionedAttributes } from './stores/session-store.ts'
import { issueUpstreamToken, type IssuedToken } from './tokens/access-token.ts'
import { KeyRing, type PublicJwk } from './tokens/key-ring.ts'
import { systemTimer, type Timer } from './timer.ts'
import { keyTimes } from './tokens/key-times.ts'
import { createSealing } from './tokens/sealing.ts'
import { upkeep } from './upkeep.ts'

/** Where a request comes from; when, the clock says. */
export type Origin = Omit<Use, 'at'>

/** What the issuer is made of: connected stores and validated settings. */
export interface AuthOptions {
  /** The issuer URL, to the letter as tokens will carry it. */
  readonly issuer: string
  readonly database: Database
  readonly sessions: SessionStore
  readonly log: RevocationLog
  /** Where the nodes of this installation hear of one another. Without it this is the only one. */
  readonly nodes?: NodeBoard | undefined
  /** Counts attempts, for all nodes together where it is shared. Default: in process memory. */
  readonly counters?: AttemptCounters | undefined
  /** Where accounts have signed in from, shared likewise. Default: in process memory. */
  readonly familiar?: FamiliarAddresses | undefined
  /** Keys are encrypted under it in the database. At least 32 bytes. */
  readonly secret: Uint8Array
  readonly policy: Policy
  readonly clock: Clock
  readonly random: Random
  /** Default: the machine's. */
  readonly timer?: Timer | undefined
}

/** The use cases of the issuer. Each answers its result or a `Refusal`, and rejects with `StoreUnavailable` only. */
export type Auth = ReturnType<typeof accountCases> &
  ReturnType<typeof sessionCases> &
  ReturnType<typeof credentialCases> &
  ReturnType<typeof operatorCases>

/**
 * Opens the issuer: reads or makes its keys, and gives its use cases.
 *
 * @throws {WrongSecret} when the secret does not open the keys in the database.
 * @throws {StoreUnavailable}
 * @example
 * const stores = createMemoryStores()
 * const auth = await createAuth({
 *   ...stores, issuer: 'https://auth.example.com', secret: systemRandom(32),
 *   policy: createPolicy(), clock: systemClock, random: systemRandom,
 * })
 */
export async function createAuth(options: AuthOptions): Promise<Auth> {
  const { database, policy, clock, random } = options
  const sealing = createSealing(options.secret, random)
  const { signingAlgorithm } = policy
  const keys = new KeyRing({
    database,
    sealing,
    clock,
    random,
    signingAlgorithm,
    times: () => keyTimes(database, policy),
  })
  await keys.upkeep()
  const feed = await RevocationFeed.open({
    log: options.log,
    clock,
    timer: options.timer ?? systemTimer,
    leaseMs: policy.leaseSeconds * 1000,
    peers: options.nodes && { board: options.nodes, node: drawId(random) },
    longestAcceptanceMs: async () => {
      const present = (await database.listApplications()).map((each) => longestAcceptanceMs(each, policy))
      return Math.max(0, (await formerAcceptanceUntil(database)) - clock.now(), ...present)
    },
  })
  // A key that was taken out of use at another node signs nothing here any more.
  feed.subscribe({
    records: ({ records }) => {
      if (records.some(({ kind }) => kind === 'key')) keys.upkeep().catch(() => undefined)
    },
    renew: () => undefined,
    resync: () => undefined,
  })
  const issuer: Issuer = {
    ...options,
    keys,
    feed,
    passwords: createPasswords(policy),
    near: new NearCache({ lease: feed, clock, capacity: policy.cachedSessions }),
    provenTags: new ProvenTags(policy.cachedSessions),
    throttle: createThrottle({ policy, clock, counters: options.counters, familiar: options.familiar }),
  }
  return { ...accountCases(issuer), ...sessionCases(issuer), ...credentialCases(issuer), ...operatorCases(issuer) }
}

function stamp({ clock }: Issuer): (origin: Origin) => Use {
  return (origin) => ({ ...origin, at: clock.now() })
}

/** What people do with their accounts. */
function accountCases(issuer: Issuer) {
  const used = stamp(issuer)
  return {
    signUp: (input: SignUp, origin: Origin): Promise<Outcome<Account>> => signUp(issuer, input, used(origin)),
    /** The same, and starts a session: without `signedIn` only the account could be made. */
    signUpAndIn: (
      input: Parameters<typeof signUpAndIn>[1],
      origin: Origin,
    ): Promise<Outcome<{ readonly account: Account; readonly signedIn?: SignedIn | undefined }>> =>
      signUpAndIn(issuer, input, used(origin)),
    signIn: (input: SignIn, origin: Origin): Promise<Outcome<SignedIn>> => signIn(issuer, input, used(origin)),
    /** A change of email needs the current password. */
    changeAccount: (caller: Caller, change: AccountChange, origin: Origin): Promise<Outcome<Account>> =>
      changeAccount(issuer, caller, change, used(origin)),
    /** Ends all other sessions, and starts a new generation of this one. */
    changePassword: (
      caller: Caller,
      input: { readonly currentPassword: string; readonly newPassword: string },
      origin: Origin,
    ): Promise<Outcome<SignedIn & { readonly ended: Ended }>> => changePassword(issuer, caller, input, used(origin)),
    /** Ends everything, then removes the personal data. Needs a recent sign-in. */
    eraseAccount: (caller: Caller, origin: Origin): Promise<Outcome<Ended>> =>
      eraseAccount(issuer, caller, used(origin)),
  }
}

/** What people do with their sessions. */
function sessionCases(issuer: Issuer) {
  const used = stamp(issuer)
  return {
    /**
     * Takes a refresh token of either kind. `applicationId` is who asks, as far as it said so; another's token is refused. A bound session needs `proof` of its
     * key. Where `hasHungUp` says that nobody waits for the answer, nothing is changed.
     */
    refresh: (
      token: string,
      applicationId: ApplicationId | undefined,
      origin: Origin,
      proof?: KeyProof,
      hasHungUp?: () => Promise<boolean>,
    ): Promise<Outcome<SignedIn>> => refresh(issuer, token, { applicationId, use: used(origin), proof, hasHungUp }),

    listSessions: (caller: Caller): Promise<SessionView[]> => listSessions(issuer, caller),
    /** `not_found` unless it is a session of the caller's account; a stateless one is known by the audit log. */
    endSession: (caller: Caller, id: SessionId, origin: Origin): Promise<Outcome<Ended>> =>
      endSession(issuer, caller, id, used(origin)),
    endAllSessions: async (caller: Caller, keep: 'none' | 'current', origin: Origin): Promise<Outcome<Ended>> =>
      (await endAllSessions(
        issuer,
        caller.account.id,
        keep === 'current' ? caller.session.id : undefined,
        used(origin),
      )) ?? {
        refused: 'credential_ended',
      },

    readAttributes: (caller: Caller): Promise<Outcome<VersionedAttributes>> => readAttributes(issuer, caller),
    /** Sets one attribute, or takes it away with `undefined`. With `ifVersion` only if that version still holds. */
    writeAttribute: (
      caller: Caller,
      name: string,
      value: unknown,
      ifVersion: number | undefined,
    ): Promise<Outcome<{ readonly version: number }>> => writeAttribute(issuer, caller, name, value, ifVersion),
  }
}

/** What credentials and applications are worth. */
function credentialCases(issuer: Issuer) {
  const { database, clock, keys } = issuer
  const used = stamp(issuer)
  return {
    /** Who holds this session token (`cfs_…`); its use prolongs the idle time. */
    recogniseSessionToken: (token: string): Promise<Outcome<Caller>> => recogniseSessionToken(issuer, token),
    /** Whose access token this is, given the claims of a verified one: its session must still stand. */
    recogniseAccessToken: (claims: AccessTokenClaims): Promise<Outcome<Caller>> => recogniseAccessToken(issuer, claims),

    /** RFC 7009. `claims` are those of the token where it is a verified access token. Undefined: there was nothing to end. */
    revoke: (
      token: string,
      applicationId: ApplicationId,
      claims: AccessTokenClaims | undefined,
      origin: Origin,
    ): Promise<Ended | undefined> => revoke(issuer, token, applicationId, claims, used(origin)),
    /** RFC 7662. `claims` as for `revoke`. Undefined: not active. */
    introspect: (token: string, claims: AccessTokenClaims | undefined): Promise<Introspection | undefined> =>
      introspect(issuer, token, claims),
    /** A short access token of the caller's session for one upstream, which must be in the application's audience. */
    mintUpstreamToken: (caller: Caller, audience: string): Outcome<IssuedToken> =>
      caller.application.audience.includes(audience)
        ? issueUpstreamToken(issuer, { ...caller, session: { ...caller, ...caller.session } }, audience, clock.now())
        : { refused: 'invalid_request', field: 'audience', detail: "The audience is none of the application's." },

    findApplication: (id: ApplicationId): Promise<Application | undefined> => database.findApplication(id),
    /** The application if it is public and shows no secret, or if this is its secret. */
    authenticateApplication: async (
      id: ApplicationId,
      secret: string | undefined,
    ): Promise<Application | undefined> => {
      const application = await database.findApplication(id)
      return application !== undefined && isAuthentic(application, secret) ? application : undefined
    },

    /** Public keys, the next one included. A new array whenever they change, the same one otherwise. */
    publicKeys: (): readonly PublicJwk[] => keys.publicKeys(),
  }
}

/** Asked for to see whether the session store answers: 128 bits that no source of randomness draws. */
const NO_SESSION = 'A'.repeat(22) as SessionId

/** What the operator does, and what wants doing from time to time. */
function operatorCases(issuer: Issuer) {
  const { database, sessions, clock, keys, policy } = issuer
  const used = stamp(issuer)
  return {
    /** Adds an account on the operator's word: no throttling, and roles at once. */
    addAccount: (input: SignUp): Promise<Outcome<Account>> => registerAccount(issuer, input, used({})),
    disableAccount: (id: AccountId): Promise<Ended | undefined> => disableAccount(issuer, id, clock.now()),
    enableAccount: (id: AccountId): Promise<Account | undefined> =>
      database.enableAccount(id, { at: clock.now(), kind: 'account.enabled', accountId: id }),
    endApplicationSessions: (id: ApplicationId): Promise<Ended | undefined> =>
      endApplicationSessions(issuer, id, clock.now()),
    /** Gives applications their settings; those that are there already keep their generation. @throws {TypeError} */
    declareApplications: async (applications: readonly ApplicationSettings[]): Promise<void> => {
      for (const application of applications) checkLifetimes(application, policy)
      for (const application of applications) await declareApplication(database, application, policy, clock.now())
      // How long tokens live is known now, and so how long verifiers keep records.
      await issuer.feed.upkeep()
    },
    /** Lets the next signing key take over as soon as every verifier can know it; from when on that is. */
    rotateKeys: async (): Promise<{ readonly activeAt: number }> => ({ activeAt: await keys.rotate() }),
    /** Takes a signing key out of use at once, with every token that it signed: for one that may have been stolen. */
    killKey: async (id: KeyId): Promise<Ended | undefined> => {
      const head = await keys.kill(id)
      return head && { sessionIds: [], head, expiredAt: await expiredAt(issuer, undefined, clock.now()) }
    },
    /** What wants doing from time to time: keys that are due, expired sessions, old records. Call it every `keyReloadSeconds`. */
    upkeep: (): Promise<void> => upkeep(issuer),
    /** The authority's side of the guarantee: leases, pushes, and waiting until everybody obeys. */
    feed: issuer.feed,
    /** Resolves when the stores answer; for readiness. */
    check: async (): Promise<void> => {
      await Promise.all([database.check(), sessions.find(NO_SESSION, clock.now())])
    },
  }
}

function isAuthentic(application: Application, secret: string | undefined): boolean {
  if (application.secretHash === undefined) return secret === undefined
  const presented = createHash('sha256')
    .update(secret ?? '')
    .digest()
  const expected = Buffer.from(application.secretHash, 'base64url')
  return secret !== undefined && expected.length === presented.length && timingSafeEqual(expected, presented)
}

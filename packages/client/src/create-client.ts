import { ROUTES } from '@counterfoil/protocol'
import { fetchAuthorized } from './authorized-fetch.ts'
import { ClientError } from './client-error.ts'
import {
  accountApi,
  attributesApi,
  IssuerApi,
  sessionsApi,
  type AccountApi,
  type AttributesApi,
  type SessionsApi,
} from './issuer-api.ts'
import { errorOf } from './issuer-requests.ts'
import { Keeper } from './keeper.ts'
import { Leaving, type SignedOut, type SignOutOptions } from './leaving.ts'
import { readOptions, type ClientOptions } from './options.ts'
import { isIn, type State } from './state.ts'
import type { Account, Credentials, WhoAmI } from './wire.ts'

/** A client of one application, for one user at a time. */
export interface Client {
  /** What is known of the user. */
  readonly state: State
  /** Calls back with the present state, and with each that follows; what it answers ends that. */
  subscribe(listener: (state: State) => void): () => void
  /** The first state that is not `unknown`. Waits as long as nobody can tell; rejects when the issuer refuses to, for a mistake in how the client is made. */
  ready(): Promise<State>
  signUp(account: { readonly email: string; readonly password: string; readonly name?: string }): Promise<Account>
  signIn(user: SignIn): Promise<WhoAmI>
  /** Drops what is held at once, in every tab, and tells the server. Never rejects: see {@link SignedOut}. */
  signOut(options?: SignOutOptions): Promise<SignedOut>
  /** Who is signed in, by the server's word. */
  session(): Promise<WhoAmI>
  readonly sessions: SessionsApi
  readonly account: AccountApi
  readonly attributes: AttributesApi
  /** As `fetch`, with the user's credential, to the issuer, the page's own origin and the `origins` of the options. */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>
  /** A token that is good for a while; undefined where the session is in a cookie alone. */
  getAccessToken(): Promise<string | undefined>
  /** Lets go of locks, channels and events. */
  close(): void
}

/** Who signs in; `deviceLabel` is what the list of devices shows. */
export interface SignIn {
  readonly email: string
  readonly password: string
  readonly deviceLabel?: string
}

/**
 * Makes a client. It signs users in and keeps them signed in, for whatever strategy and transport the application has; of its methods those that ask
 * the server reject with a {@link ClientError}.
 *
 * @throws {TypeError} that names the option.
 * @example
 * ```ts
 * const auth = createClient({ issuer: 'https://auth.example.com', clientId: 'shop', origins: ['https://orders.example.com'] })
 * auth.subscribe((state) => console.log(state.status))
 * await auth.signIn({ email: 'ada@example.com', password: 'correct horse battery' })
 * const orders = await auth.fetch('https://orders.example.com/orders')
 * await auth.signOut({ everywhere: true })
 * ```
 */
export function createClient(options: ClientOptions): Client {
  const keeper = new Keeper(readOptions(options))
  const leaving = new Leaving(keeper)
  const begin = beginning(keeper, leaving)
  const api = new IssuerApi(keeper, begin)
  const stopWaking = keeper.settings.environment.onWake(() => {
    void leaving.catchUp()
    keeper.wake()
  })
  return {
    get state() {
      return keeper.state
    },
    subscribe: (listener) => {
      void begin()
      return keeper.states.subscribe(listener)
    },
    ready: () => {
      void begin()
      return keeper.states.known()
    },
    signUp: async (account) => {
      const answer = await keeper.requests.send('POST', ROUTES.accounts, { json: account })
      if (answer.status !== 201) throw errorOf(answer)
      return answer.body as Account
    },
    signIn: (user) => signIn(keeper, leaving, user),
    signOut: (wanted = {}) => leaving.leave(wanted),
    session: () => api.tell('GET', ROUTES.currentSession),
    sessions: sessionsApi(api, keeper),
    account: accountApi(api, keeper),
    attributes: attributesApi(api),
    fetch: async (input, init) => {
      await begin()
      return fetchAuthorized(keeper, input, init)
    },
    getAccessToken: async () => {
      await begin()
      const held = await keeper.usable()
      if (held === undefined) throw new ClientError('signed_out', 'Nobody is signed in.')
      return held.token
    },
    close: () => {
      stopWaking()
      keeper.close()
    },
  }
}

/** Finds out who is signed in when somebody first wants to know: not where a page is only rendered. A sign-out that the server has not heard of counts. */
function beginning(keeper: Keeper, leaving: Leaving): () => Promise<void> {
  let hasBegun = false
  return () => {
    if (!hasBegun && leaving.pending !== undefined && !isIn(keeper.state)) {
      keeper.depart('signed-out')
      void leaving.catchUp()
    }
    hasBegun = true
    return keeper.begin()
  }
}

async function signIn(keeper: Keeper, leaving: Leaving, { deviceLabel, ...user }: SignIn): Promise<WhoAmI> {
  // What was to be ended must not be forgotten over this.
  await leaving.catchUp()
  if (leaving.pending !== undefined)
    throw new ClientError('unavailable', 'The issuer cannot be told of the last sign-out yet. Try again.')
  const { clientId } = keeper.settings
  const json = { client_id: clientId, ...user, ...(deviceLabel !== undefined && { device_label: deviceLabel }) }
  const key = await keeper.prover.key(true)
  // Whoever is signed in until now is not after: their session is to end (ASVS 7.2.4), for which it takes something to name it by.
  await keeper.begin()
  if (keeper.held !== undefined) await keeper.usable().catch(() => undefined)
  let former: string | undefined
  // A refresh that is under way in some tab would put the earlier session's cookie in place of the new one.
  await keeper.alone(async () => {
    const answer = await keeper.requests.send('POST', ROUTES.sessions, { json, key }).catch(async (error: unknown) => {
      // It may have arrived, and a cookie have come back: the user is not to be signed in without knowing it.
      void keeper.renew(keeper.held?.token).catch(() => undefined)
      throw error
    })
    // Somebody has signed out meanwhile, here or in another tab: that is the last word.
    if (answer.status === 201 && leaving.pending !== undefined) return leaving.end(answer.body as Credentials)
    former = keeper.held?.token
    await keeper.beginWith(answer, 201)
  })
  if (former !== undefined) await keeper.forsake(former)
  const { state } = keeper
  if (!isIn(state)) throw new ClientError('signed_out', 'The session ended as soon as it had begun.')
  return { account: state.account, session: state.session }
}

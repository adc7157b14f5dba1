import { ROUTES } from '@counterfoil/protocol'
import type { Held } from './held.ts'
import { errorOf, type IssuerRequest } from './issuer-requests.ts'
import { LEAVING, type Keeper } from './keeper.ts'
import { claimsIn } from './token-claims.ts'
import { hasEnded, isUncertain } from './verdict.ts'
import { shownOf, type Credentials, type Revocation, type WhoAmI } from './wire.ts'

/** How far a sign-out goes. */
export interface SignOutOptions {
  /** All sessions of the account, on every device. Default: this one. */
  readonly everywhere?: boolean
  /** Whether to wait until every service obeys that follows the log. Default: no. */
  readonly wait?: boolean
}

/** What came of a sign-out. */
export interface SignedOut {
  /**
   * Whether the server has done so. If it cannot be reached, it is told as soon as it can be, by this page or the next; if it refuses, or the session that
   * was to end all others has ended before, it is not.
   */
  readonly told: boolean
  readonly revocation: Revocation | undefined
}

const UNTOLD: SignedOut = { told: false, revocation: undefined }

/** Where nobody wakes the client, it tries again by itself: so often, and after so long, twice as long each time. */
const MOST_TRIES = 6
const FIRST_WAIT_MS = 5000

type Scope = 'here' | 'everywhere'

/** Sign-out: what is held is dropped at once, and the server told; where it cannot be reached, later. */
export class Leaving {
  readonly #keeper: Keeper
  #telling: Promise<SignedOut> | undefined
  /** Where other tabs have sessions of their own, this is nobody else's concern. */
  #own: Scope | undefined
  #tries = 0

  constructor(keeper: Keeper) {
    this.#keeper = keeper
  }

  /** What the server has still to be told. */
  get pending(): Scope | undefined {
    if (this.#own !== undefined) return this.#own
    const noted = this.#keeper.noted(LEAVING)
    return noted === 'here' || noted === 'everywhere' ? noted : undefined
  }

  leave({ everywhere = false, wait = false }: SignOutOptions): Promise<SignedOut> {
    const keeper = this.#keeper
    const { held } = keeper
    const scope = everywhere || this.pending === 'everywhere' ? 'everywhere' : 'here'
    if (keeper.isShared) keeper.note(LEAVING, scope)
    if (keeper.noted(LEAVING) !== scope) this.#own = scope
    keeper.depart('signed-out')
    this.#tries = 0
    return this.#tell(wait, held)
  }

  /** Tells the server what it could not be told before. Never rejects. */
  async catchUp(): Promise<void> {
    if (this.pending !== undefined && !this.#keeper.isClosed) await this.#tell(false, undefined)
  }

  #tell(wait: boolean, held: Held | undefined): Promise<SignedOut> {
    return (this.#telling ??= this.#keeper
      .alone(() => this.#tellNow(wait, held))
      .catch(() => this.#tellLater())
      .finally(() => (this.#telling = undefined)))
  }

  #tellLater(): SignedOut {
    const { environment } = this.#keeper.settings
    if (this.#tries < MOST_TRIES) void environment.wait(FIRST_WAIT_MS * 2 ** this.#tries++).then(() => this.catchUp())
    return UNTOLD
  }

  async #tellNow(wait: boolean, held: Held | undefined): Promise<SignedOut> {
    const { requests } = this.#keeper
    const scope = this.pending
    const path = scope === 'everywhere' ? ROUTES.sessions : ROUTES.currentSession
    const end = (proven: IssuerRequest) => requests.send('DELETE', wait ? `${path}?wait=everywhere` : path, proven)
    let answer = held && (await end(await this.#keeper.proven(held)))
    if (answer === undefined || (answer.status === 401 && !hasEnded(answer))) {
      // Another tab has told the server meanwhile: whoever is signed in by now is not who was to be signed out.
      if (scope === undefined) return { told: true, revocation: undefined }
      const renewed = await this.#renewed()
      // The session is over already; others could be ended by nobody but it.
      if (renewed === undefined) return this.#settle({ told: scope === 'here', revocation: undefined })
      await this.#announce(renewed)
      answer = await end(renewed)
    }
    if (isUncertain(answer) || (answer.status === 401 && !hasEnded(answer))) throw errorOf(answer)
    const { revocation }: { revocation?: Revocation } = Object(answer.body)
    return this.#settle({ told: answer.status === 200 || (hasEnded(answer) && scope !== 'everywhere'), revocation })
  }

  /** Ends a session that nobody has used. */
  async end(credentials: Credentials): Promise<void> {
    await this.#keeper.requests.send('DELETE', ROUTES.currentSession, await this.#keeper.proven(shownOf(credentials)))
  }

  /** Something to end the session with, where what was held has run out; undefined when there is no session any more. */
  async #renewed(): Promise<IssuerRequest | undefined> {
    const { storage, name } = this.#keeper.settings
    const { verdict, answer } = await this.#keeper.askForTokens()
    if (verdict === 'wrong') throw errorOf(answer)
    if (verdict !== 'refreshed') return undefined
    const credentials = answer.body as Credentials
    const { refresh_token: refresh } = credentials
    if (refresh !== undefined) await storage.set(name, refresh)
    return this.#keeper.proven(shownOf(credentials))
  }

  /** Other tabs may know the session that this one never got to know. */
  async #announce(proven: IssuerRequest): Promise<void> {
    const { sid } = claimsIn(proven.token)
    const answer = sid === undefined && (await this.#keeper.requests.send('GET', ROUTES.currentSession, proven))
    const { session }: Partial<WhoAmI> = Object(answer && answer.body)
    const id = sid ?? session?.id
    if (id !== undefined) this.#keeper.leave(id, 'signed-out')
  }

  /** There is nothing more to tell. */
  async #settle(outcome: SignedOut): Promise<SignedOut> {
    const { storage, name } = this.#keeper.settings
    await storage.remove(name)
    this.#own = undefined
    this.#keeper.note(LEAVING, undefined)
    return outcome
  }
}

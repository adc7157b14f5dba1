import { ROUTES } from '@counterfoil/protocol'
import { ClientError } from './client-error.ts'
import { elapsedMs, instants, instantsAt, isSpent, type Held } from './held.ts'
import { claimsIn, type TokenClaims } from './token-claims.ts'
import { errorOf, IssuerRequests, type Answer, type IssuerRequest } from './issuer-requests.ts'
import type { Settings } from './options.ts'
import { Prover } from './proof/prover.ts'
import { isIn, StateHolder, type SignedOutReason, type State } from './state.ts'
import { onlyOne } from './tabs/only-one.ts'
import { Tabs, type Shared, type TabListener } from './tabs/tabs.ts'
import { hasEnded, isUncertain, judgeRefresh, waitMs, type RefreshVerdict } from './verdict.ts'
import { shownOf, type Credentials, type WhoAmI } from './wire.ts'

/** So often a call to the issuer is made before it is said that nobody can tell. */
const ATTEMPTS = 4
const MOST_BACKOFF_MS = 5000

/** The note of a sign-out that the server has still to be told of. */
export const LEAVING = 'leaving'

/** Keeps a session going: what is held of it, what is known of it, and what the other tabs are told. */
export class Keeper implements TabListener {
  readonly settings: Settings
  readonly states = new StateHolder()
  readonly prover: Prover
  readonly requests: IssuerRequests
  readonly #tabs: Tabs
  /** Sessions that are over, and why: what a late answer says of them does not count. */
  readonly #over = new Map<string, SignedOutReason>()
  #held: Held | undefined
  #renewing: Promise<void> | undefined
  /** The token in whose place another is being asked for. */
  #used: string | undefined
  #beginning: Promise<void> | undefined
  /** Changes with every sign-in and sign-out: what was asked for before does not count after. */
  #epoch = 0
  /** Whether the other tabs can go on with what this one has. */
  #shares = true
  #failures = 0
  isClosed = false

  constructor(settings: Settings) {
    const { environment, name, proves } = settings
    this.settings = settings
    this.prover = new Prover(environment, name, proves)
    this.requests = new IssuerRequests(settings, this.prover)
    this.#tabs = new Tabs(environment, name, this)
  }

  get state(): State {
    return this.states.state
  }

  get held(): Held | undefined {
    return this.#held
  }

  get isShared(): boolean {
    return this.#shares
  }

  /** Finds out who is signed in, once; where nobody can tell, goes on asking. Never rejects. */
  begin(): Promise<void> {
    return (this.#beginning ??= this.#begin())
  }

  async #begin(): Promise<void> {
    if (this.state.status !== 'unknown') return
    try {
      await this.renew(undefined)
    } catch (error) {
      const isRefused = error instanceof ClientError && error.code !== 'network' && error.code !== 'unavailable'
      this.#notKnown(isRefused ? error : undefined)
      if (!isRefused) void this.#askLater(error)
    }
  }

  /** Nobody could tell; unless another tab has told meanwhile. */
  #notKnown(error: ClientError | undefined): void {
    if (this.state.status !== 'unknown') return
    const because = this.settings.environment.isOffline() ? 'offline' : 'unavailable'
    this.states.set({ status: 'unknown', ...(error === undefined ? { because } : { because: 'refused', error }) })
  }

  async #askLater(because: unknown): Promise<void> {
    const { retryAfterMs = 0 }: Partial<ClientError> = Object(because)
    await this.settings.environment.wait(Math.max(retryAfterMs, Math.min(MOST_BACKOFF_MS, 250 * 2 ** this.#failures++)))
    if (!this.isClosed) this.beginAgain()
  }

  /** Asks now, if it is not known who is signed in. */
  beginAgain(): void {
    if (this.state.status !== 'unknown' || this.#renewing !== undefined) return
    this.#beginning = this.#begin()
  }

  /** What to call with; undefined when nobody is signed in. @throws {ClientError} `unavailable`, `network`: nobody can tell. */
  async usable(): Promise<Held | undefined> {
    if (this.#held === undefined) await this.begin()
    const held = this.#held
    if (held === undefined) {
      if (this.state.status === 'signed-out') return undefined
      await this.renew(undefined)
    } else if (isSpent(held, this.#instants())) {
      await this.renew(held.token).catch((error: unknown) => {
        // What has not quite run out is good for as long.
        if (this.#held !== held || elapsedMs(held.since, this.#instants()) >= held.lifeMs) throw error
      })
    }
    return this.#held
  }

  /** Gets new credentials in place of `used`, unless they are here by then. One at a time, among all tabs. @throws {ClientError} */
  renew(used: string | undefined): Promise<void> {
    if (this.#renewing !== undefined) return this.#renewing
    this.#used = used
    return (this.#renewing = this.#renew(used).finally(() => (this.#renewing = undefined)))
  }

  async #renew(used: string | undefined): Promise<void> {
    const { state } = this
    if (isIn(state)) this.states.set({ ...state, status: 'refreshing' })
    const epoch = this.#epoch
    try {
      await this.alone(async (waited) => {
        // Another tab may have what is wanted: it has just refreshed, or has been there all the time. Its message may be late, even after its lock.
        const mayBeThere = waited || this.#held === undefined || this.#tabs.areMany
        if (mayBeThere && !this.#isFresh(used)) await this.#tabs.ask(waited ? 'surely' : 'perhaps')
        if (epoch !== this.#epoch || this.#isFresh(used)) return
        await this.#refresh(epoch)
      })
    } finally {
      const { state: left } = this
      if (left.status === 'refreshing') this.states.set({ ...left, status: 'signed-in' })
    }
  }

  /** Lets one tab act at a time. */
  alone<Result>(act: (waited: boolean) => Promise<Result>): Promise<Result> {
    return onlyOne(this.settings.environment, this.settings.name, act)
  }

  #isFresh(used: string | undefined): boolean {
    const held = this.#held
    return held?.token !== undefined && held.token !== used && !isSpent(held, this.#instants()) && isIn(this.state)
  }

  async #refresh(epoch: number): Promise<void> {
    const { verdict, answer } = await this.askForTokens()
    if (epoch !== this.#epoch) return
    if (verdict === 'refreshed') return this.#take(answer.body as Credentials)
    if (verdict === 'wrong' || verdict === 'uncertain') throw errorOf(answer)
    // What there was to refresh with is gone: it ended somewhere else.
    this.depart(verdict === 'none' && isIn(this.state) ? 'ended' : verdict)
    await this.settings.storage.remove(this.settings.name)
  }

  /** What the token endpoint says, and what that means. @throws {ClientError} `network`, `unavailable`: nobody can tell. */
  async askForTokens(): Promise<{ readonly verdict: RefreshVerdict; readonly answer: Answer }> {
    const { storage, name, clientId } = this.settings
    const key = await this.prover.key(false)
    const judge = (answer: Answer): RefreshVerdict => judgeRefresh(answer, this.prover.hasLostKey)
    const answer = await this.#ask(
      async () => {
        const stored = await storage.get(name)
        const form = { grant_type: 'refresh_token', client_id: clientId, ...(stored && { refresh_token: stored }) }
        return this.requests.send('POST', ROUTES.token, { form, key })
      },
      (got) => judge(got) === 'uncertain',
    )
    return { verdict: judge(answer), answer }
  }

  /** Asks until the answer says something: a lost one, and one of an outage, say nothing. */
  async #ask(ask: () => Promise<Answer>, saysNothing: (answer: Answer) => boolean): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      let [answer, error]: [Answer?, unknown?] = []
      try {
        answer = await ask()
        if (!saysNothing(answer)) return answer
      } catch (cause) {
        error = cause
      }
      if (attempt === ATTEMPTS || !(await this.pause(attempt, answer?.headers)))
        throw answer === undefined ? error : errorOf(answer, 'unavailable')
    }
  }

  /** Waits before another attempt; false when that would take longer than anybody waits for an answer. */
  async pause(attempt: number, headers?: Headers): Promise<boolean> {
    const { wait, randomBytes } = this.settings.environment
    const ms = waitMs(attempt, headers?.get('retry-after') ?? null, (randomBytes(1)[0] ?? 0) / 255)
    if (ms !== undefined) await wait(ms)
    return ms !== undefined
  }

  /** Ends the session of a token that was replaced, without a cookie: that is another session's by now. Where nobody can be told, it expires by itself. */
  async forsake(token: string): Promise<void> {
    const form = { token, client_id: this.settings.clientId }
    await this.#ask(() => this.requests.send('POST', ROUTES.revoke, { form }), isUncertain).catch(() => undefined)
  }

  /** Goes on with the credentials of an answer, whatever was asked for before. @throws {ClientError} where it has another status, and holds none. */
  async beginWith(answer: Answer, status: number): Promise<void> {
    if (answer.status !== status) throw errorOf(answer)
    this.#epoch++
    await this.#take(answer.body as Credentials, true)
  }

  /** Takes credentials over, and finds out whose they are unless that is known. What must outlive the page is stored first. */
  async #take(credentials: Credentials, isNew = false): Promise<void> {
    const { storage, name, isShared } = this.settings
    const epoch = this.#epoch
    const { access_token: access, refresh_token: refresh, session_token: session } = credentials
    const kept = refresh ?? session
    if (kept !== undefined) {
      await storage.set(name, kept)
      this.#shares = isShared
    }
    if (epoch !== this.#epoch) return
    const since = this.#instants()
    const lifeMs = (credentials.expires_in ?? Infinity) * 1000
    const claims = claimsIn(access)
    this.#held = { ...shownOf(credentials), lifeMs, since }
    // An access token that has just been made says what time it is where proofs are checked.
    if (claims.iat !== undefined) this.prover.skewMs = claims.iat * 1000 - since.wall
    const found = (isNew ? undefined : this.#knownAs(claims)) ?? (await this.#whoAmI())
    if (epoch !== this.#epoch) return
    if (found === undefined) return this.depart('ended')
    this.#enter(found)
  }

  /** Who this is, if it is who was there before. Another tab may have signed in somebody else. */
  #knownAs({ sid }: TokenClaims): WhoAmI | undefined {
    const { state } = this
    return isIn(state) && sid === state.session.id ? state : undefined
  }

  /** Who holds what is held; undefined when the session is over. @throws {ClientError} */
  async #whoAmI(): Promise<WhoAmI | undefined> {
    const answer = await this.#ask(() => this.call('GET', ROUTES.currentSession), isUncertain)
    if (hasEnded(answer)) return undefined
    if (answer.status !== 200) throw errorOf(answer)
    return answer.body as WhoAmI
  }

  /** Calls the issuer with what is held, as it is. */
  async call(method: string, path: string, json?: object): Promise<Answer> {
    return this.requests.send(method, path, { ...(await this.proven(this.#held)), ...(json && { json }) })
  }

  /** A request with this token, and the key that is to be proved with it. */
  async proven({ token, scheme }: Partial<Pick<Held, 'token' | 'scheme'>> = {}): Promise<IssuerRequest> {
    return { token, key: scheme === 'DPoP' ? await this.prover.key(false) : undefined }
  }

  #enter({ account, session }: WhoAmI): void {
    const reason = this.#over.get(session.id)
    if (reason !== undefined) return this.#drop(reason)
    this.#failures = 0
    if (this.#shares) this.note('session', session.id)
    this.states.set({ status: 'signed-in', account, session })
    this.#share()
  }

  /** Tells the state anew, with another account. */
  rename(account: WhoAmI['account']): void {
    const { state } = this
    if (isIn(state)) this.states.set({ ...state, account })
    this.#share()
  }

  /** Keeps a word for the next page; no credential. */
  note(what: string, text: string | undefined): void {
    const { notes } = this.settings.environment
    const name = `${this.settings.name} ${what}`
    try {
      if (text === undefined) notes.remove(name)
      else notes.set(name, text)
    } catch {
      // There is no room: the other tabs and the next page do without.
    }
  }

  noted(what: string): string | undefined {
    return this.settings.environment.notes.get(`${this.settings.name} ${what}`)
  }

  /** Drops what is held, here and in the other tabs. */
  depart(reason: SignedOutReason): void {
    const { state } = this
    this.#drop(reason)
    if (isIn(state)) this.leave(state.session.id, reason)
  }

  #drop(reason: SignedOutReason): void {
    const { state } = this
    this.#epoch++
    this.#held = undefined
    if (this.#shares && isIn(state) && this.noted('session') === state.session.id) this.note('session', undefined)
    this.states.set({ status: 'signed-out', reason })
  }

  /** A session is over. Every tab says so once: others may have it from this one. */
  leave(sessionId: string, reason: SignedOutReason): void {
    if (this.#over.has(sessionId)) return
    this.#over.set(sessionId, reason)
    const { state } = this
    // Where it is not known who is signed in, it need not be the one of whom this tells.
    if (isIn(state) ? state.session.id === sessionId : this.isLeaving) this.#drop(reason)
    if (this.#shares) this.#tabs.sayOut(sessionId, reason)
  }

  /** Whether the user has signed out, and the server may not know yet. */
  get isLeaving(): boolean {
    return this.noted(LEAVING) !== undefined
  }

  adopt({ token, scheme, lifeMs, takenAt, skewMs, account, session }: Shared): boolean {
    if (this.#over.has(session.id) || this.isLeaving || !this.#shares) return false
    // A tab that has not heard of a newer sign-in offers the session before it.
    if (this.noted('session') !== session.id) return false
    const { state } = this
    const isSame = isIn(state) && state.session.id === session.id
    // A tab that has not heard of the newest yet offers what it has.
    const now = this.#instants()
    if (isSame && this.#held !== undefined && takenAt <= this.#held.since.wall && !isSpent(this.#held, now))
      return false
    if (!isSame) this.#epoch++
    this.#held = { token, scheme, lifeMs, since: instantsAt(takenAt, now) }
    this.prover.skewMs = skewMs
    this.states.set({ status: 'signed-in', account, session })
    return true
  }

  offer(): Shared | undefined {
    const { state } = this
    const held = this.#held
    if (held === undefined || !isIn(state) || !this.#shares) return undefined
    // What is being replaced is no help to others.
    if (this.#renewing !== undefined && held.token === this.#used) return undefined
    const { token, scheme, lifeMs, since } = held
    const { account, session } = state
    return { token, scheme, lifeMs, takenAt: since.wall, skewMs: this.prover.skewMs, account, session }
  }

  #share(): void {
    const shared = this.offer()
    if (shared !== undefined) this.#tabs.share(shared)
  }

  /** The device may have slept, or this page was put aside while another tab went on. */
  wake(): void {
    const { state } = this
    this.beginAgain()
    if (!isIn(state) || this.#held === undefined) return
    if (this.#shares && this.noted('session') !== state.session.id) {
      // Somebody else is signed in by now, or nobody: what is shown is not theirs.
      this.#held = undefined
      this.states.set({ status: 'unknown' })
      void Promise.allSettled([this.#renewing]).then(() => this.beginAgain())
    } else if (isSpent(this.#held, this.#instants())) this.renew(this.#held.token).catch(() => undefined)
  }

  close(): void {
    this.isClosed = true
    this.#tabs.close()
  }

  #instants(): ReturnType<typeof instants> {
    return instants(this.settings.environment)
  }
}

import { ROUTES } from '@counterfoil/protocol'
import type { Dice } from './dice.ts'
import { succeeded, type Call, type CallAnswer, type Recorder } from './history.ts'

/** What a user's client works with. */
export interface UserParts {
  readonly name: string
  readonly urls: readonly string[]
  readonly recorder: Recorder
  readonly dice: Dice
  /** Whether the user is still to do something new. */
  readonly isBusy: () => boolean
}

type About = Partial<Pick<Call, 'session' | 'presented' | 'isLatest' | 'everywhere' | 'keeps' | 'password'>>

interface Message {
  readonly method?: string
  readonly path: string
  readonly bearer?: string | undefined
  readonly json?: object
  readonly form?: Readonly<Record<string, string>>
}

/** What the client holds of a session. */
interface Held {
  readonly id: string
  readonly application: 'hybrid' | 'stateful'
  /** The refresh token, or the session token. */
  token: string
  /** What identifies it to the server's own routes. */
  bearer: string
}

/** What came back, as far as anything did. */
interface Told {
  readonly answer: CallAnswer | undefined
  readonly body: Readonly<Record<string, unknown>>
}

/** So long a client waits for an answer; then nobody knows what became of the request. */
const PATIENCE_MS = 4000
const PAUSE_MS = 30

/** A user with an account of their own, whose client asks any node, tries again when it gets no answer, and ends its sessions in every way. */
export class User {
  readonly #parts: UserParts
  #passwords = 0
  #password = 0
  #accountId: string | undefined

  constructor(parts: UserParts) {
    this.#parts = parts
  }

  get name(): string {
    return this.#parts.name
  }

  get accountId(): string | undefined {
    return this.#accountId
  }

  /** Signs up, and then signs in, works and ends the session again and again. */
  async live(): Promise<void> {
    while (!(await this.#signUp())) await pause(PAUSE_MS * 5)
    while (this.#parts.isBusy()) await this.#oneSession()
  }

  /** When all is over: the account still opens with its password. */
  async proveAccount(): Promise<void> {
    await this.#signIn('hybrid')
  }

  async #signUp(): Promise<boolean> {
    const json = { email: `${this.#parts.name}@example.com`, password: passwordOf(this.#password) }
    const { call, body } = await this.#call('sign-up', { path: ROUTES.accounts, json }, { password: this.#password })
    if (succeeded(call)) this.#accountId = String(body['id'])
    // An attempt of which nobody heard may have made it.
    return succeeded(call) || call.answer?.status === 409
  }

  async #signIn(application: Held['application']): Promise<Held | undefined> {
    const email = `${this.#parts.name}@example.com`
    const json = { client_id: application, email, password: passwordOf(this.#password) }
    const { call, body } = await this.#call('sign-in', { path: ROUTES.sessions, json }, { password: this.#password })
    if (!succeeded(call)) return undefined
    const token = call.answer?.token ?? ''
    return { id: call.session ?? '', application, token, bearer: String(body['access_token'] ?? token) }
  }

  async #oneSession(): Promise<void> {
    const { dice } = this.#parts
    const held = await this.#signIn(dice.chance(0.6) ? 'hybrid' : 'stateful')
    if (held === undefined) return pause(PAUSE_MS * 3)
    const acts = 2 + dice.below(6)
    for (let act = 0; act < acts; act++) {
      await pause(dice.next() * PAUSE_MS * 2)
      const isGone =
        held.application === 'hybrid' && dice.chance(0.5) ? await this.#refresh(held) : await this.#check(held)
      if (isGone) return
    }
    await this.#end(held)
  }

  /** Whether the session turned out to be gone. Two tabs at once, sometimes; and again for as long as there is no answer. */
  async #refresh(held: Held): Promise<boolean> {
    const presented = held.token
    const form = { grant_type: 'refresh_token', refresh_token: presented, client_id: held.application }
    const about = { session: held.id, presented, isLatest: true }
    const send = () => this.#call('refresh', { path: ROUTES.token, form }, about)
    const tabs = this.#parts.dice.chance(0.3) ? [send(), send(), send()] : [send()]
    let answers = await Promise.all(tabs)
    for (let tries = 0; tries < 40 && !answers.some(({ call }) => isTold(call)); tries++) {
      await pause(PAUSE_MS * 5)
      answers = [await send()]
    }
    const good = answers.find(({ call }) => succeeded(call))
    if (good === undefined) return answers.some(({ call }) => isTold(call))
    held.token = good.call.answer?.token ?? held.token
    held.bearer = String(good.body['access_token'] ?? held.bearer)
    return false
  }

  async #check(held: Held): Promise<boolean> {
    const about = { session: held.id, presented: held.token, isLatest: true }
    const { call } = await this.#call('check', { path: ROUTES.currentSession, bearer: held.bearer }, about)
    if (held.application === 'hybrid' && call.answer?.code === 'credential_expired') return this.#refresh(held)
    return call.answer?.status === 401
  }

  async #end(held: Held): Promise<void> {
    const { dice } = this.#parts
    const everywhere = dice.chance(0.3)
    const query = everywhere ? '?wait=everywhere' : ''
    const about = { session: held.id, presented: held.token, everywhere }
    const dies = dice.next()
    if (dies < 0.6) {
      const message = { method: 'DELETE', path: ROUTES.currentSession + query, bearer: held.bearer }
      await this.#call('sign-out', message, about)
    } else if (dies < 0.75) {
      const message = { method: 'DELETE', path: ROUTES.sessions + query, bearer: held.bearer }
      await this.#call('sign-out-everywhere', message, about)
    } else if (dies < 0.85) {
      await this.#changePassword(held)
      return
    } else return
    await this.#useAgain(held)
  }

  /** Afterwards, at every node: it must not be honoured any more. */
  async #useAgain(held: Held): Promise<void> {
    const about = { session: held.id, presented: held.token, isLatest: true }
    const form = { grant_type: 'refresh_token', refresh_token: held.token, client_id: held.application }
    await Promise.all(
      this.#parts.urls.map((_, node) =>
        held.application === 'hybrid' && this.#parts.dice.chance(0.5)
          ? this.#call('refresh', { path: ROUTES.token, form }, about, node)
          : this.#call('check', { path: ROUTES.currentSession, bearer: held.bearer }, about, node),
      ),
    )
  }

  async #changePassword(held: Held): Promise<void> {
    const next = ++this.#passwords
    const json = { current_password: passwordOf(this.#password), new_password: passwordOf(next) }
    const message = { method: 'PUT', path: ROUTES.password, bearer: held.bearer, json }
    const { call } = await this.#call('change-password', message, { session: held.id, password: next })
    if (succeeded(call)) {
      this.#password = next
      return
    }
    if (call.answer !== undefined && call.answer.status < 500) return
    // Nobody knows: it is found out as a person does, by trying the one and then the other.
    const email = `${this.#parts.name}@example.com`
    for (let tries = 0; tries < 60; tries++) {
      for (const password of [next, this.#password]) {
        const attempt = { client_id: 'hybrid', email, password: passwordOf(password) }
        const found = await this.#call('sign-in', { path: ROUTES.sessions, json: attempt }, { password })
        if (!succeeded(found.call)) continue
        this.#password = password
        return
      }
      await pause(PAUSE_MS * 5)
    }
  }

  async #call(
    kind: Call['kind'],
    message: Message,
    about: About,
    at = this.#parts.dice.below(this.#parts.urls.length),
  ): Promise<{ readonly call: Call; readonly body: Readonly<Record<string, unknown>> }> {
    const startedAt = performance.now()
    const { answer, body } = await ask(`${this.#parts.urls[at] ?? ''}${message.path}`, message).catch(() => NOTHING)
    const session = about.session ?? (body['session'] as { id?: string } | undefined)?.id
    const when = { startedAt, endedAt: performance.now() }
    const call: Call = { kind, user: this.#parts.name, node: at, ...when, answer, ...about, session }
    this.#parts.recorder.add(call)
    return { call, body }
  }
}

const NOTHING: Told = { answer: undefined, body: {} }

/** Whether it is known now what the server thinks of the credential. */
function isTold({ answer }: Call): boolean {
  return answer !== undefined && answer.status < 500 && answer.status !== 429
}

async function ask(url: string, { method, bearer, json, form }: Message): Promise<Told> {
  const headers = new Headers()
  if (bearer !== undefined) headers.set('authorization', `Bearer ${bearer}`)
  if (json !== undefined) headers.set('content-type', 'application/json')
  const body = form === undefined ? (json === undefined ? null : JSON.stringify(json)) : new URLSearchParams(form)
  const signal = AbortSignal.timeout(PATIENCE_MS)
  const response = await fetch(url, { method: method ?? (body === null ? 'GET' : 'POST'), headers, body, signal })
  const text = await response.text()
  const content = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {}
  const token = content['refresh_token'] ?? content['session_token']
  const code = content['code'] ?? content['error']
  return {
    answer: {
      status: response.status,
      code: typeof code === 'string' ? code : undefined,
      token: typeof token === 'string' ? token : undefined,
      clearsCookie: response.headers
        .getSetCookie()
        .some((cookie) => /max-age=0|expires=thu, 01 jan 1970/i.test(cookie)),
    },
    body: content,
  }
}

function passwordOf(number: number): string {
  return `eleven kites above the hill ${number}`
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

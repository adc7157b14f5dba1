import { setTimeout as sleep } from 'node:timers/promises'
import { send, type Answer, type Call } from './caller.ts'
import type { Ledger } from './ledger.ts'
import type { Strategy } from './settings.ts'

/** Where users work. */
export interface Places {
  readonly issuer: string
  readonly orders: string
}

const PASSWORD = 'nine herons over the bay'

/** A person has something else to do between two requests. */
const PAUSE_MS = 150

/** So often a user works before signing out. */
const ROUNDS = 5

interface Held {
  readonly token: string
  readonly refreshToken: string | undefined
}

/** Somebody who signs in, works, and signs out, again and again. */
export class User {
  readonly #name: string
  readonly #strategy: Strategy
  readonly #places: Places
  readonly #ledger: Ledger
  #written = 0

  constructor(name: string, strategy: Strategy, places: Places, ledger: Ledger) {
    this.#name = name
    this.#strategy = strategy
    this.#places = places
    this.#ledger = ledger
  }

  async signUp(): Promise<void> {
    const json = { email: this.#email, password: PASSWORD }
    // A try whose answer was lost may have made the account.
    await this.#expect([201, 409], { method: 'POST', url: `${this.#places.issuer}/accounts`, json })
  }

  /** Works until told to stop. */
  async work(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      let held = await this.#signIn()
      for (let round = 0; round < ROUNDS && held !== undefined; round++) {
        held = await this.#workOnce(held)
        await sleep(PAUSE_MS)
      }
      if (held !== undefined) await this.#signOut(held)
    }
  }

  get #email(): string {
    return `${this.#name}@example.com`
  }

  async #signIn(): Promise<Held | undefined> {
    const json = { client_id: this.#strategy, email: this.#email, password: PASSWORD }
    return heldIn(await this.#expect([201], { method: 'POST', url: `${this.#places.issuer}/sessions`, json }))
  }

  /** Everything that a session is for; undefined when it was lost on the way. */
  async #workOnce(held: Held): Promise<Held | undefined> {
    const { issuer, orders } = this.#places
    const { token } = held
    if (!(await this.#use({ method: 'GET', url: `${orders}/whoami`, token }))) return undefined
    if (!(await this.#use({ method: 'GET', url: `${issuer}/sessions/current`, token }))) return undefined
    // A stateless session has nothing kept with it, and a stateful one nothing to refresh.
    if (this.#strategy !== 'stateless' && !(await this.#writeAndRead(token))) return undefined
    return held.refreshToken === undefined ? held : this.#refresh(held.refreshToken)
  }

  async #writeAndRead(token: string): Promise<boolean> {
    const url = `${this.#places.issuer}/sessions/current/attributes/visits`
    const visits = ++this.#written
    if ((await this.#use({ method: 'PUT', url, token, json: { visits } })) === undefined) return false
    const read = await this.#use({ method: 'GET', url, token })
    if (read !== undefined && read.body['visits'] !== visits)
      this.#ledger.failures.push(`${this.#name} read other attributes than were written`)
    return read !== undefined
  }

  async #refresh(refreshToken: string): Promise<Held | undefined> {
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: this.#strategy }
    return heldIn(await this.#use({ method: 'POST', url: `${this.#places.issuer}/oauth/token`, form }))
  }

  async #signOut({ token }: Held): Promise<void> {
    const url = `${this.#places.issuer}/sessions/current`
    // Tried again, it finds the session ended.
    await this.#expect([200, 204, 401], { method: 'DELETE', url, token })
  }

  /** A request of somebody who is signed in; undefined when it was in vain, or the user was sent away. */
  async #use(call: Call): Promise<Answer | undefined> {
    const answer = await send(call, this.#ledger)
    if (answer === undefined || answer.status < 300) return answer
    const where = `${this.#name} (${this.#strategy}) ${call.method} ${call.url}: ${answer.status}`
    const code = codeIn(answer)
    const isSignedOut = answer.status === 401 || code === 'invalid_grant'
    const list = isSignedOut ? this.#ledger.signedOut : this.#ledger.failures
    list.push(`${where} ${code}`)
    return undefined
  }

  async #expect(statuses: readonly number[], call: Call): Promise<Answer | undefined> {
    const answer = await send(call, this.#ledger)
    if (answer === undefined || statuses.includes(answer.status)) return answer
    this.#ledger.failures.push(`${this.#name} ${call.method} ${call.url}: ${answer.status}`)
    return undefined
  }
}

function codeIn({ body: { code, error } }: Answer): string {
  const word = code ?? error
  return typeof word === 'string' ? word : ''
}

function heldIn(answer: Answer | undefined): Held | undefined {
  if (answer === undefined) return undefined
  const { session_token: session, access_token: access, refresh_token: refresh } = answer.body
  const token = session ?? access
  if (typeof token !== 'string') return undefined
  return { token, refreshToken: typeof refresh === 'string' ? refresh : undefined }
}

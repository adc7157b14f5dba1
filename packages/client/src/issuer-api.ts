import { ROUTES } from '@counterfoil/protocol'
import { fetchAuthorized } from './authorized-fetch.ts'
import { ClientError } from './client-error.ts'
import { bodyOf, errorOf, parse, unreachable, type Answer } from './issuer-requests.ts'
import type { Keeper } from './keeper.ts'
import { isIn } from './state.ts'
import type { Account, Session } from './wire.ts'

/** The sessions of the account. */
export interface SessionsApi {
  list(): Promise<readonly Session[]>
  end(id: string): Promise<void>
  /** All but this one. */
  endOthers(): Promise<void>
}

/** The signed-in account. */
export interface AccountApi {
  get(): Promise<Account>
  /** A new email needs the current password; a name of null is taken away. */
  change(change: {
    readonly email?: string
    readonly name?: string | null
    readonly currentPassword?: string
  }): Promise<Account>
  /** Ends all other sessions. */
  changePassword(passwords: { readonly current: string; readonly next: string }): Promise<void>
  /** Needs a recent sign-in. */
  delete(): Promise<void>
}

/** An attribute of the session, with the version of all of them. */
export interface Attribute {
  readonly value: unknown
  /** For `ifMatch`. */
  readonly version: string
}

/** Data of this session, JSON; stateful and hybrid. */
export interface AttributesApi {
  get(name: string): Promise<Attribute | undefined>
  /** `conflict`: the data is not at that version any more. Without `ifMatch` it is set whatever is there. */
  set(
    name: string,
    value: unknown,
    options?: { readonly ifMatch?: string },
  ): Promise<{ readonly version: string } | 'conflict'>
  delete(name: string): Promise<void>
}

interface Call {
  readonly json?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Calls of the issuer's interface in the name of the user. */
export class IssuerApi {
  readonly #keeper: Keeper
  readonly #begin: () => Promise<void>

  constructor(keeper: Keeper, begin: () => Promise<void>) {
    this.#keeper = keeper
    this.#begin = begin
  }

  /** @throws {ClientError} */
  async tell<Told>(method: string, path: string, call?: Call): Promise<Told> {
    const answer = await this.ask(method, path, call)
    if (answer.status >= 400) throw errorOf(answer)
    return answer.body as Told
  }

  /** @throws {ClientError} `network` */
  async ask(method: string, path: string, { json, headers }: Call = {}): Promise<Answer> {
    await this.#begin()
    const url = this.#keeper.settings.issuer + path
    try {
      const response = await fetchAuthorized(this.#keeper, url, { method, ...bodyOf(json, headers) })
      return { status: response.status, headers: response.headers, body: parse(await response.text()) }
    } catch (cause) {
      throw cause instanceof ClientError ? cause : unreachable(cause)
    }
  }
}

export function sessionsApi(api: IssuerApi, keeper: Keeper): SessionsApi {
  return {
    list: async () => (await api.tell<{ readonly sessions: readonly Session[] }>('GET', ROUTES.sessions)).sessions,
    end: async (id) => {
      const { state } = keeper
      await api.tell('DELETE', `${ROUTES.sessions}/${encodeURIComponent(id)}`)
      if (isIn(state) && state.session.id === id) keeper.depart('signed-out')
    },
    endOthers: () => api.tell('DELETE', `${ROUTES.sessions}?keep=current`),
  }
}

export function accountApi(api: IssuerApi, keeper: Keeper): AccountApi {
  return {
    get: () => api.tell('GET', ROUTES.account),
    change: async ({ currentPassword, ...change }) => {
      const json = { ...change, ...(currentPassword !== undefined && { current_password: currentPassword }) }
      const account = await api.tell<Account>('PATCH', ROUTES.account, { json })
      keeper.rename(account)
      return account
    },
    changePassword: (passwords) => changePassword(keeper, passwords),
    delete: async () => {
      await api.tell('DELETE', ROUTES.account)
      keeper.depart('signed-out')
    },
  }
}

/** The session goes on with other credentials; a refresh meanwhile would put the earlier ones in their place. */
async function changePassword(
  keeper: Keeper,
  { current, next }: { readonly current: string; readonly next: string },
): Promise<void> {
  await keeper.usable()
  await keeper.alone(async () => {
    const answer = await keeper.call('PUT', ROUTES.password, { current_password: current, new_password: next })
    await keeper.beginWith(answer, 200)
  })
}

export function attributesApi(api: IssuerApi): AttributesApi {
  const pathOf = (name: string): string => `${ROUTES.attributes}/${encodeURIComponent(name)}`
  const versionIn = ({ headers }: Answer): string => headers.get('etag') ?? ''
  const checked = (answer: Answer): Answer => {
    if (answer.status >= 400) throw errorOf(answer)
    return answer
  }
  return {
    get: async (name) => {
      const answer = await api.ask('GET', pathOf(name))
      if (answer.status === 404) return undefined
      return { value: checked(answer).body, version: versionIn(answer) }
    },
    set: async (name, value, { ifMatch } = {}) => {
      const headers = ifMatch === undefined ? {} : { 'if-match': ifMatch }
      const answer = await api.ask('PUT', pathOf(name), { json: value, headers })
      return answer.status === 412 ? 'conflict' : { version: versionIn(checked(answer)) }
    },
    delete: (name) => api.tell('DELETE', pathOf(name)),
  }
}

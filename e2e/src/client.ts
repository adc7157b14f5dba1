import { ROUTES, type Strategy } from '@counterfoil/protocol'

/** An answer of the server, its body as JSON where it is any. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

/** What to send beside the path. */
export interface Message {
  readonly method?: string
  readonly bearer?: string
  readonly json?: unknown
  readonly form?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

/** What a client holds of a session, whichever the strategy. */
export interface Held {
  readonly sessionId: string
  /** What goes into the `Authorization` header. */
  readonly bearer: string
  readonly refreshToken: string | undefined
}

/** Where to sign in, and as whom. */
export interface Visitor {
  readonly url: string
  readonly email: string
}

export const PASSWORD = 'eleven kites above the hill'

/** Sends one request. */
export async function send(url: string, path: string, message: Message = {}): Promise<Answer> {
  const { method, bearer, json, form } = message
  const headers = new Headers(message.headers)
  if (bearer !== undefined) headers.set('authorization', `Bearer ${bearer}`)
  if (json !== undefined) headers.set('content-type', 'application/json')
  const body = form === undefined ? (json === undefined ? null : JSON.stringify(json)) : new URLSearchParams(form)
  const answer = await fetch(url + path, { method: method ?? (body === null ? 'GET' : 'POST'), headers, body })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, body: text.startsWith('{') ? readObject(text) : { text } }
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  return JSON.parse(text) as Record<string, unknown>
}

/** Makes an account. */
export function signUp({ url, email }: Visitor): Promise<Answer> {
  return send(url, ROUTES.accounts, { json: { email, password: PASSWORD } })
}

/** Signs in. */
export function signIn({ url, email }: Visitor, application: string): Promise<Answer> {
  return send(url, ROUTES.sessions, { json: { client_id: application, email, password: PASSWORD } })
}

/** A member of an answer's body; undefined unless it is text. */
export function textIn({ body }: Pick<Answer, 'body'>, name: string): string | undefined {
  const value = body[name]
  return typeof value === 'string' ? value : undefined
}

/** What an answer to a sign-in or a refresh put into the client's hands. */
export function heldFrom(answer: Answer): Held {
  if (answer.status >= 300) throw new Error(`no credentials: ${answer.status} ${JSON.stringify(answer.body)}`)
  const session = answer.body['session'] as { readonly id?: string } | undefined
  return {
    sessionId: session?.id ?? '',
    bearer: textIn(answer, 'session_token') ?? textIn(answer, 'access_token') ?? '',
    refreshToken: textIn(answer, 'refresh_token'),
  }
}

/** Makes an account and signs it in. */
export async function begin(visitor: Visitor, application: Strategy): Promise<Held> {
  const made = await signUp(visitor)
  if (made.status !== 201 && made.status !== 409)
    throw new Error(`sign-up: ${made.status} ${JSON.stringify(made.body)}`)
  return heldFrom(await signIn(visitor, application))
}

/** Buys the next access token. */
export function refresh(url: string, refreshToken: string | undefined, application: string): Promise<Answer> {
  return send(url, ROUTES.token, {
    form: { grant_type: 'refresh_token', refresh_token: refreshToken ?? '', client_id: application },
  })
}

/** Who the server takes the bearer for. */
export function whoAmI(url: string, bearer: string): Promise<Answer> {
  return send(url, ROUTES.currentSession, { bearer })
}

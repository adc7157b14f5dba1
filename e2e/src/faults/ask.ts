import { refreshCookieOf, SESSION_COOKIE, type ApplicationId } from '@counterfoil/protocol'
import type { CallAnswer } from './history.ts'

/** What to send. */
export interface Message {
  readonly method?: string
  readonly path: string
  readonly bearer?: string | undefined
  /** The text of a `Cookie` header; it is sent as a page of the issuer would. */
  readonly cookie?: string | undefined
  readonly json?: unknown
  readonly form?: Readonly<Record<string, string>>
}

/** What came back, as far as anything did. */
export interface Told {
  readonly answer: CallAnswer | undefined
  readonly body: Readonly<Record<string, unknown>>
}

/** Nobody knows what became of it. */
export const NOTHING: Told = { answer: undefined, body: {} }

/** So long a client waits for an answer; then nobody knows what became of the request. */
const PATIENCE_MS = 4000

/** Sends a request. Rejects when no answer comes. */
export async function ask(url: string, origin: string, message: Message): Promise<Told> {
  const { method, path, json, form } = message
  const body = form === undefined ? (json === undefined ? null : JSON.stringify(json)) : new URLSearchParams(form)
  const response = await fetch(url + path, {
    method: method ?? (body === null ? 'GET' : 'POST'),
    headers: headersOf(message, origin),
    body,
    signal: AbortSignal.timeout(PATIENCE_MS),
  })
  const text = await response.text()
  const content = readBody(text)
  const set = cookiesOf(response)
  const token = content['refresh_token'] ?? content['session_token'] ?? set.find(({ value }) => value !== '')?.value
  const code = content['code'] ?? content['error']
  return {
    answer: {
      status: response.status,
      code: typeof code === 'string' ? code : undefined,
      token: typeof token === 'string' ? token : undefined,
      clearsCookie: set.some(({ value }) => value === ''),
    },
    body: content,
  }
}

function headersOf({ bearer, cookie, json }: Message, origin: string): Headers {
  const headers = new Headers()
  if (bearer !== undefined) headers.set('authorization', `Bearer ${bearer}`)
  if (cookie !== undefined) headers.set('cookie', cookie)
  if (cookie !== undefined) headers.set('origin', origin)
  if (json !== undefined) headers.set('content-type', 'application/json')
  return headers
}

function readBody(text: string): Readonly<Record<string, unknown>> {
  if (text === '') return {}
  const value: unknown = JSON.parse(text)
  return typeof value === 'object' && value !== null ? { ...value } : { value }
}

function cookiesOf(response: Response): { readonly name: string; readonly value: string }[] {
  return response.headers.getSetCookie().map((line) => {
    const [pair = ''] = line.split(';')
    const at = pair.indexOf('=')
    return { name: pair.slice(0, at), value: pair.slice(at + 1) }
  })
}

/** The `Cookie` header of a browser that holds a session token. */
export function sessionCookie(token: string): string {
  return `${SESSION_COOKIE}=${token}`
}

/** The `Cookie` header of a browser that holds a refresh token of an application. */
export function refreshCookie(application: string, token: string): string {
  return `${refreshCookieOf(application as ApplicationId)}=${token}`
}

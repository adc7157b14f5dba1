import { ClientError, type ClientErrorCode } from './client-error.ts'
import type { Settings } from './options.ts'
import type { ProofKey } from './environment.ts'
import { toldMs } from './verdict.ts'
import { patience } from './patience.ts'
import type { Prover } from './proof/prover.ts'

/** An answer of the issuer, read to its end. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** What the JSON says; undefined when it is none. */
  readonly body: unknown
}

/** A request to the issuer. */
export interface IssuerRequest {
  readonly json?: object
  readonly form?: Readonly<Record<string, string>>
  /** Whether possession of the key is proved, and for what token. */
  readonly key?: ProofKey | undefined
  readonly token?: string | undefined
}

/**
 * An answer that takes longer does not come any more. Four times as long is less than the 30 seconds for which the issuer answers a token again that it has
 * replaced: what comes later is taken for stolen where no key proves otherwise.
 */
const PATIENCE_MS = 7000

/** Sends requests to the issuer, with the cookies that it has given. */
export class IssuerRequests {
  readonly #settings: Settings
  readonly #prover: Prover

  constructor(settings: Settings, prover: Prover) {
    this.#settings = settings
    this.#prover = prover
  }

  /** @throws {ClientError} `network` when nothing came back, or not all of it. */
  async send(method: string, path: string, request: IssuerRequest = {}): Promise<Answer> {
    const answer = await this.#once(method, path, request)
    // RFC 9449 §8: the nonce that came along is good for another proof.
    return isNonceWanted(answer) && request.key !== undefined ? this.#once(method, path, request) : answer
  }

  async #once(method: string, path: string, { json, form, key, token }: IssuerRequest): Promise<Answer> {
    const { issuer, environment } = this.#settings
    const request = new Request(issuer + path, {
      method,
      credentials: 'include',
      signal: patience(PATIENCE_MS, environment),
      ...bodyOf(json),
      ...(form !== undefined && { body: new URLSearchParams(form) }),
    })
    if (token !== undefined) request.headers.set('authorization', `${key === undefined ? 'Bearer' : 'DPoP'} ${token}`)
    if (key !== undefined) await this.#prover.prove(key, request, token)
    try {
      const response = await environment.fetch(request)
      this.#prover.note(request, response)
      const { status, headers } = response
      return { status, headers, body: parse(await response.text()) }
    } catch (cause) {
      throw unreachable(cause)
    }
  }
}

function isNonceWanted({ body }: Answer): boolean {
  const { code, error }: { code?: unknown; error?: unknown } = Object(body)
  return [code, error].includes('use_dpop_nonce')
}

/** Nothing came back. */
export function unreachable(cause: unknown): ClientError {
  return new ClientError('network', `The issuer cannot be reached: ${String(cause)}`, { cause })
}

/** What makes JSON the body of a request; nothing when there is none. */
export function bodyOf(json: unknown, headers?: Readonly<Record<string, string>>): RequestInit {
  if (json === undefined) return {}
  return { body: JSON.stringify(json), headers: { ...headers, 'content-type': 'application/json' } }
}

/** What JSON says; undefined when it is none. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The error that an answer tells of (RFC 9457, RFC 6749 §5.2), or this one. */
export function errorOf({ status, headers, body }: Answer, code?: ClientErrorCode): ClientError {
  const member = (name: string): string | undefined => {
    const value: unknown = Object(body)[name]
    return typeof value === 'string' ? value : undefined
  }
  const told = code ?? member('code') ?? member('error') ?? (status >= 500 ? 'unavailable' : 'invalid_request')
  const text = member('detail') ?? member('error_description') ?? member('title') ?? `The issuer answered ${status}.`
  return new ClientError(told, text, {
    status,
    field: member('field'),
    retryAfterMs: toldMs(headers.get('retry-after')),
  })
}

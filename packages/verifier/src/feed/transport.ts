/** A whole answer. */
export interface Answer {
  readonly status: number
  readonly text: string
}

/** One request. */
export interface Request {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** What a stream tells while it lasts. */
export interface StreamListener {
  /** The answer has begun, with status 200. */
  opened(): void
  heard(text: string): void
}

/** How the issuer is reached over HTTP. Redirects are not followed: who is asked is configured. */
export interface Transport {
  /** Sends a body, and answers what came back. Rejects when nothing does within `timeoutMs`. */
  post(request: Request, body: string, timeoutMs: number): Promise<Answer>
  /** Listens until the stream ends. Rejects when it breaks off, and with `UnexpectedStatus` when it is answered with another status than 200. */
  listen(request: Request, listener: StreamListener): Promise<void>
}

/** The issuer answers, and not with what was asked for. */
export class UnexpectedStatus extends Error {
  override readonly name = 'UnexpectedStatus'
  readonly status: number

  constructor(what: string, status: number) {
    const hint = status === 401 ? ': its key is not among the verifiers of the server' : ''
    super(`${what} was answered with status ${String(status)}${hint}`)
    this.status = status
  }
}

/** An answer is at most some megabytes. */
export const MOST_CHARACTERS = 16 * 2 ** 20

/** Reaches it with `fetch`, which is everywhere. */
export function fetchTransport(fetch: typeof globalThis.fetch): Transport {
  return {
    async post({ url, headers, signal }, body, timeoutMs) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
      const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal: limit })
      return { status: response.status, text: await response.text() }
    },
    async listen({ url, headers, signal }, listener) {
      const response = await fetch(url, { headers, redirect: 'manual', signal })
      if (response.status !== 200) {
        await response.body?.cancel()
        throw new UnexpectedStatus('the push channel', response.status)
      }
      listener.opened()
      const decoder = new TextDecoder()
      for await (const chunk of response.body ?? []) listener.heard(decoder.decode(chunk, { stream: true }))
    },
  }
}

import {
  FEED_EVENTS,
  readLease,
  readPush,
  ROUTES,
  type LeaseAnswer,
  type LogHead,
  type Push,
} from '@counterfoil/protocol'
import { EventStreamReader, type ServerSentEvent } from './event-stream.ts'

/** Where the authority is, and how to be let in. */
export interface AuthorityParts {
  /** The issuer URL. */
  readonly issuer: string
  readonly key: string
  readonly fetch: typeof fetch
  readonly timeoutMs: number
}

/** What a push channel tells. After `closed` it tells nothing more. */
export interface ChannelListener {
  opened(): void
  pushed(push: Push | undefined): void
  renew(): void
  closed(error: string): void
}

/** An answer to a request for a lease is at most some megabytes. */
const MOST_BYTES = 16 * 2 ** 20
/** Signs of life come every five seconds; three of them missing mean that nobody is there. */
const SILENCE_MS = 15_000

/** The authority as a verifier sees it over HTTP. */
export class Authority {
  readonly #parts: AuthorityParts
  readonly #verifier: string

  /** `verifier` is what this follower calls itself: 128 random bits. */
  constructor(parts: AuthorityParts, verifier: string) {
    this.#parts = parts
    this.#verifier = verifier
  }

  /** Asks for a lease. Undefined: the answer cannot be read. @throws {Error} when there is none. */
  async ask(applied: LogHead | undefined, signal: AbortSignal): Promise<LeaseAnswer | undefined> {
    const { fetch, timeoutMs } = this.#parts
    const body = JSON.stringify({
      verifier: this.#verifier,
      incarnation: applied?.incarnation,
      after: applied?.position,
    })
    const response = await fetch(this.#url(ROUTES.lease), {
      method: 'POST',
      headers: this.#headers({ 'content-type': 'application/json', accept: 'application/json' }),
      body,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
    if (response.status !== 200) throw await refusal(response, 'a request for a lease')
    const text = await response.text()
    if (text.length > MOST_BYTES) return undefined
    return readLease(parse(text), applied?.position)
  }

  /** Listens to what is pushed after this position, until the signal fires or the channel ends. */
  async listen(after: LogHead, listener: ChannelListener, signal: AbortSignal): Promise<void> {
    const silence = new AbortController()
    let watch: ReturnType<typeof setTimeout> | undefined
    const hear = (): void => {
      clearTimeout(watch)
      watch = setTimeout(() => silence.abort(new Error('the push channel fell silent')), SILENCE_MS)
      unref(watch)
    }
    try {
      hear()
      const response = await this.#open(after, AbortSignal.any([signal, silence.signal]))
      listener.opened()
      const reader = new EventStreamReader(MOST_BYTES)
      const decoder = new TextDecoder()
      for await (const chunk of response.body ?? []) {
        hear()
        for (const event of reader.read(decoder.decode(chunk, { stream: true }))) tell(listener, event)
      }
      listener.closed('the push channel ended')
    } catch (thrown) {
      listener.closed(describe(thrown))
    } finally {
      clearTimeout(watch)
    }
  }

  async #open({ incarnation, position }: LogHead, signal: AbortSignal): Promise<Response> {
    const query = new URLSearchParams({ incarnation, after: String(position) })
    const url = `${this.#url(ROUTES.feed)}?${query.toString()}`
    const headers = this.#headers({ accept: 'text/event-stream' })
    const response = await this.#parts.fetch(url, { headers, redirect: 'manual', signal })
    if (response.status !== 200) throw await refusal(response, 'the push channel')
    return response
  }

  #url(route: string): string {
    return this.#parts.issuer + route
  }

  #headers(more: Readonly<Record<string, string>>): Record<string, string> {
    return { ...more, authorization: `Bearer ${this.#parts.key}` }
  }
}

function tell(listener: ChannelListener, { name, data }: ServerSentEvent): void {
  if (name === FEED_EVENTS.records) listener.pushed(readPush(parse(data)))
  else if (name === FEED_EVENTS.renew) listener.renew()
  else if (name === FEED_EVENTS.resync) listener.pushed(undefined)
}

/** What an answer that is none of the expected ones means for whoever runs this service. */
async function refusal(response: Response, what: string): Promise<Error> {
  await response.body?.cancel()
  const hint = response.status === 401 ? ': its key is not among the verifiers of the server' : ''
  return new Error(`${what} was answered with status ${String(response.status)}${hint}`)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What went wrong, with the cause that `fetch` hides behind "fetch failed". */
export function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  return thrown.cause instanceof Error ? `${thrown.message}: ${thrown.cause.message}` : thrown.message
}

/** A timer that keeps no process alive, where the platform knows such. */
export function unref(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function')
    timer.unref()
}

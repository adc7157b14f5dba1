import {
  encodeBase64url,
  FEED_EVENTS,
  readLease,
  readPush,
  ROUTES,
  type LeaseAnswer,
  type LogHead,
  type Push,
} from '@counterfoil/protocol'
import { EventStreamReader, type ServerSentEvent } from './event-stream.ts'
import { MOST_CHARACTERS, UnexpectedStatus, type Transport } from './transport.ts'

/** Where the authority is, and how to be let in. */
export interface AuthorityParts {
  /** Where the issuer is reached. */
  readonly issuer: string
  readonly key: string
  readonly transport: Transport
  readonly timeoutMs: number
}

/** What a push channel tells. After `closed` it tells nothing more. */
export interface ChannelListener {
  opened(): void
  pushed(push: Push | undefined): void
  renew(): void
  closed(error: string): void
}

/** Signs of life come every five seconds; three of them missing mean that nobody is there. */
const SILENCE_MS = 15_000

/** The authority as a verifier sees it over HTTP. */
export class Authority {
  readonly #parts: AuthorityParts
  /** What this follower calls itself. Drawn when it is first used: some platforms give no random bits while a module is loaded. */
  #verifier: string | undefined

  constructor(parts: AuthorityParts) {
    this.#parts = parts
  }

  /** Asks for a lease. Undefined: the answer cannot be read. @throws {Error} when there is none. */
  async ask(applied: LogHead | undefined, signal: AbortSignal): Promise<LeaseAnswer | undefined> {
    const { transport, timeoutMs } = this.#parts
    const { incarnation, position: after } = applied ?? {}
    this.#verifier ??= encodeBase64url(crypto.getRandomValues(new Uint8Array(16)))
    const body = JSON.stringify({ verifier: this.#verifier, incarnation, after })
    const headers = this.#headers({ 'content-type': 'application/json', accept: 'application/json' })
    const { status, text } = await transport.post({ url: this.#url(ROUTES.lease), headers, signal }, body, timeoutMs)
    if (status !== 200) throw new UnexpectedStatus('a request for a lease', status)
    return readLease(parse(text), after)
  }

  /** Listens to what is pushed after this position, until the signal fires or the channel ends. */
  async listen({ incarnation, position }: LogHead, listener: ChannelListener, signal: AbortSignal): Promise<void> {
    const query = new URLSearchParams({ incarnation, after: String(position) })
    const url = `${this.#url(ROUTES.feed)}?${query.toString()}`
    const headers = this.#headers({ accept: 'text/event-stream' })
    const silence = new Silence()
    const reader = new EventStreamReader(MOST_CHARACTERS)
    const request = { url, headers, signal: AbortSignal.any([signal, silence.signal]) }
    try {
      await this.#parts.transport.listen(request, {
        opened: () => listener.opened(),
        heard(text) {
          silence.broken()
          for (const event of reader.read(text)) tell(listener, event)
        },
      })
      listener.closed('the push channel ended')
    } catch (thrown) {
      listener.closed(describe(thrown))
    } finally {
      silence.end()
    }
  }

  #url(route: string): string {
    return this.#parts.issuer + route
  }

  #headers(more: Readonly<Record<string, string>>): Record<string, string> {
    return { ...more, authorization: `Bearer ${this.#parts.key}` }
  }
}

/** Watches for how long nothing has been heard. */
class Silence {
  readonly #controller = new AbortController()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor() {
    this.broken()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  broken(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#controller.abort(new Error('the push channel fell silent')), SILENCE_MS)
    unref(this.#timer)
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}

function tell(listener: ChannelListener, { name, data }: ServerSentEvent): void {
  if (name === FEED_EVENTS.records) listener.pushed(readPush(parse(data)))
  else if (name === FEED_EVENTS.renew) listener.renew()
  else if (name === FEED_EVENTS.resync) listener.pushed(undefined)
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

import { ROUTES, wireOfLease, wireOfPush, type Revocation, type SessionId } from '@counterfoil/protocol'
import type { Jwk } from '@counterfoil/verifier'
import { INCARNATION, SESSION } from './issuer.ts'

const LEASE_MS = 5000

/** What an authority answers: a status, and JSON or a stream. */
export interface Answer {
  readonly status: number
  readonly body: string | ReadableStream<Uint8Array>
}

/** The server of an issuer, in memory: its keys, its log, leases and the push channel. */
export class MemoryAuthority {
  readonly keys: Jwk[]
  isReachable = true
  leases = 0
  keySets = 0
  readonly #records: Revocation[] = []
  readonly #channels = new Set<ReadableStreamDefaultController<Uint8Array>>()

  constructor(keys: readonly Jwk[]) {
    this.keys = [...keys]
  }

  /** `fetch`, as a verifier may be given it. */
  readonly fetch = (async (url: string | URL | Request, init?: RequestInit) => {
    const asked = url instanceof Request ? url.url : String(url)
    const { status, body } = this.answer(asked, typeof init?.body === 'string' ? init.body : '')
    return Promise.resolve(new Response(body, { status }))
  }) as typeof fetch

  answer(url: string, body: string): Answer {
    if (!this.isReachable) return { status: 503, body: '' }
    const { pathname } = new URL(url)
    if (pathname === ROUTES.lease) return { status: 200, body: this.#lease(body) }
    if (pathname === ROUTES.feed) return { status: 200, body: this.#openChannel() }
    if (pathname !== ROUTES.jwks) return { status: 404, body: '' }
    this.keySets++
    return { status: 200, body: JSON.stringify({ keys: this.keys }) }
  }

  /** Ends the session of the tokens, and pushes that to who listens. */
  revoke(): void {
    const after = this.#records.length
    const record: Revocation = { kind: 'session', sessionId: SESSION as SessionId, at: 0, position: after + 1 }
    this.#records.push(record)
    const push = JSON.stringify(wireOfPush({ head: this.#head(), after, records: [record] }))
    for (const channel of this.#channels) channel.enqueue(new TextEncoder().encode(`event: records\ndata: ${push}\n\n`))
  }

  #head(): { incarnation: string; position: number } {
    return { incarnation: INCARNATION, position: this.#records.length }
  }

  #lease(body: string): string {
    this.leases++
    const { after } = JSON.parse(body) as { after?: number }
    const records = this.#records.slice(after ?? 0)
    const floor = after === undefined ? 0 : undefined
    return JSON.stringify(wireOfLease({ head: this.#head(), leaseMs: LEASE_MS, retainMs: 310_000, records, floor }))
  }

  #openChannel(): ReadableStream<Uint8Array> {
    return new ReadableStream({ start: (channel) => void this.#channels.add(channel) })
  }
}

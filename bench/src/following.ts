import { randomBytes } from 'node:crypto'
import { wireOfLease, type Revocation, type SessionId } from '@counterfoil/protocol'
import type { VerifierOptions } from '@counterfoil/verifier'

const INCARNATION = 'AAAAAAAAAAAAAAAAAAAAAA'
const PER_ANSWER = 5000
const LEASE_MS = 3_600_000

/** What makes a verifier follow a log of this many revocations of sessions that nobody presents. */
export function following(count: number): Pick<VerifierOptions, 'feed' | 'fetch' | 'onStale'> {
  const reach: typeof fetch = (url, init) => {
    const text = url instanceof Request ? url.url : url.toString()
    return text.includes('/revocations/') ? Promise.resolve(answer(text, init, count)) : fetch(url, init)
  }
  return { feed: { key: 'k' }, onStale: 'reject', fetch: reach }
}

function answer(url: string, init: RequestInit | undefined, count: number): Response {
  if (!url.endsWith('/revocations/lease')) return new Response(new ReadableStream())
  const { after } = JSON.parse(typeof init?.body === 'string' ? init.body : '{}') as { after?: number }
  const from = after ?? 0
  const upTo = Math.min(count, from + PER_ANSWER)
  const records = Array.from({ length: upTo - from }, (_, number) => revocation(from + number + 1))
  const head = { incarnation: INCARNATION, position: upTo }
  const floor = after === undefined ? 0 : undefined
  return Response.json(
    wireOfLease({ head, leaseMs: upTo === count ? LEASE_MS : 0, retainMs: LEASE_MS, records, floor }),
  )
}

function revocation(position: number): Revocation {
  return { position, kind: 'session', sessionId: randomBytes(16).toString('base64url') as SessionId, at: Date.now() }
}

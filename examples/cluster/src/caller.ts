import { setTimeout as sleep } from 'node:timers/promises'
import type { Ledger } from './ledger.ts'

/** One request. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly url: string
  readonly token?: string | undefined
  readonly json?: unknown
  readonly form?: Readonly<Record<string, string>>
}

/** What came back. */
export interface Answer {
  readonly status: number
  /** The port of the node that it came from, or should have come from, where the balancer said so. */
  readonly node: number | undefined
  readonly body: Readonly<Record<string, unknown>>
}

/** How long a request is tried again before it counts as failed. */
const PATIENCE_MS = 10_000

/** How long one try may take. */
const TRY_MS = 8000

/** Nobody could answer just now: the balancer found no node, or the node could not tell. */
const TRY_AGAIN: ReadonlySet<number> = new Set([502, 503, 504])

/** Sends a request as clients do that are written for a network: what was not answered is tried again. Undefined when all was in vain. */
export async function send(call: Call, ledger: Ledger): Promise<Answer | undefined> {
  ledger.requests++
  const request = `${call.method} ${new URL(call.url).pathname}`
  const giveUpAt = performance.now() + PATIENCE_MS
  for (let pauseMs = 25; ; pauseMs *= 2) {
    const beganAt = performance.now()
    const answer = await attempt(call)
    if (typeof answer !== 'string' && !TRY_AGAIN.has(answer.status)) return answer
    const what = typeof answer === 'string' ? answer : String(answer.status)
    const node = typeof answer === 'string' ? undefined : answer.node
    ledger.mishaps.push({ request, what, node, beganAt, endedAt: performance.now() })
    if (performance.now() + pauseMs > giveUpAt) {
      ledger.failures.push(`${request}: ${what}`)
      return undefined
    }
    await sleep(pauseMs)
  }
}

async function attempt(call: Call): Promise<Answer | string> {
  try {
    const response = await fetch(call.url, { ...messageOf(call), signal: AbortSignal.timeout(TRY_MS) })
    const text = await response.text()
    return {
      status: response.status,
      node: nodeOf(response),
      body: text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : {},
    }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    return cause instanceof Error ? cause.message : String(cause)
  }
}

/** Of several that were tried, the last. */
function nodeOf({ headers }: Response): number | undefined {
  const port = /:(\d+)$/.exec(headers.get('x-node') ?? '')?.[1]
  return port === undefined ? undefined : Number(port)
}

function messageOf({ method, token, json, form }: Call): RequestInit {
  const headers = new Headers()
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
  if (json !== undefined) headers.set('content-type', 'application/json')
  const body = form === undefined ? (json === undefined ? null : JSON.stringify(json)) : new URLSearchParams(form)
  return { method, headers, body }
}

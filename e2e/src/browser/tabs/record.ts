import type { Fate, Passed } from '../fault-proxy.ts'
import { generationIn, refreshTokenIn } from './generation.ts'

/** What the proxy's record says about the refreshes that came by. */
export interface RefreshRecord {
  readonly requests: number
  readonly successes: number
  /** How often each fate was met. */
  readonly fates: Readonly<Partial<Record<Fate, number>>>
  /** Generations that were spent, each with the different tokens that were answered for it. */
  readonly successors: ReadonlyMap<number, ReadonlySet<string>>
  /** Answers that were given once more, to whoever had lost the first. */
  readonly replays: number
  /** Requests that were sent once more because a proof of possession was used up or lacked its nonce. */
  readonly provedAnew: number
  /** Refusals that a client could take for the end of its session. */
  readonly refusals: number
  /** Pairs of refreshes that were under way at the same time. */
  readonly overlaps: number
  readonly lastGeneration: number
}

/**
 * Errors that only ask for another proof: the browser itself sends a request once more when its connection breaks before there is an answer, and with it a
 * proof that is good once.
 */
const ASKING_AGAIN = new Set(['use_dpop_nonce', 'invalid_dpop_proof'])

/** Reads the refreshes in what came by. */
export function readRefreshes(passed: readonly Passed[]): RefreshRecord {
  const refreshes = passed.filter(({ method, path }) => method === 'POST' && path.startsWith('/oauth/token'))
  const successors = new Map<number, Set<string>>()
  const fates: Partial<Record<Fate, number>> = {}
  let [replays, lastGeneration] = [0, 0]
  for (const { cookie, setCookie, fate } of refreshes) {
    fates[fate] = (fates[fate] ?? 0) + 1
    const presented = generationIn(cookie)
    const answered = setCookie.map(refreshTokenIn).find((token) => token !== undefined)
    if (presented === undefined || answered === undefined) continue
    const known = successors.get(presented) ?? new Set()
    if (known.has(answered)) replays++
    successors.set(presented, known.add(answered))
    lastGeneration = Math.max(lastGeneration, generationIn(`__Secure-refresh-hybrid=${answered}`) ?? 0)
  }
  const errors = refreshes.flatMap(({ error }) => error ?? [])
  const provedAnew = errors.filter((error) => ASKING_AGAIN.has(error)).length
  return {
    requests: refreshes.length,
    successes: refreshes.filter(({ status }) => status === 200).length,
    fates,
    successors,
    replays,
    provedAnew,
    refusals: errors.length - provedAnew,
    overlaps: countOverlaps(refreshes),
    lastGeneration,
  }
}

/** Those that were cut are over when the connection ends, which is when they leave the record. */
function countOverlaps(refreshes: readonly Passed[]): number {
  const inOrder = refreshes.toSorted((one, other) => one.cameAt - other.cameAt)
  return inOrder.filter(({ cameAt }, at) => inOrder.slice(0, at).some(({ leftAt }) => leftAt > cameAt)).length
}

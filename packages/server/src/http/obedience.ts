import { StoreUnavailable, type Ended } from '@counterfoil/core'
import type { ServerContext } from '../context.ts'
import { viewOfEnded } from '../wire/session.ts'

const AT_ONCE = { waitedMs: 0, stands: true }

/**
 * The answer of a call that ends something. With `wait` it comes when every verifier that follows the log obeys (G2): each has said so, or its
 * lease has run out. Nodes count, which keep sessions in memory. Where there is neither another node nor a verifier, there is nobody to wait for.
 */
export async function awaitEnded(
  { auth, clock, isAlone }: ServerContext,
  ended: Ended,
  wait: 'everywhere' | undefined,
) {
  const { head, expiredAt } = ended
  if (isAlone) return viewOfEnded(head, { obeyedAt: expiredAt, expiredAt, waitedMs: 0 })
  const { waitedMs, stands } = wait === undefined ? AT_ONCE : await auth.feed.waitUntilObeyed(head)
  // Ended again, it is written down again: that is what whoever is told to come back does.
  if (!stands) throw new StoreUnavailable('the log of revocations began anew while an ending waited, which may be lost')
  const now = clock.now()
  const obeyedAt = wait === undefined ? now + Math.ceil(auth.feed.boundMs()) : now
  // An answer about a session token that a verifier keeps is no older than a lease either.
  return viewOfEnded(head, { obeyedAt, expiredAt: Math.max(expiredAt, obeyedAt), waitedMs })
}

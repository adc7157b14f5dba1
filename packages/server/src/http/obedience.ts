import type { Ended } from '@counterfoil/core'
import type { ServerContext } from '../context.ts'
import { viewOfEnded } from '../wire/session.ts'

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
  const waitedMs = wait === undefined ? 0 : (await auth.feed.waitUntilObeyed(head)).waitedMs
  const now = clock.now()
  const obeyedAt = wait === undefined ? now + Math.ceil(auth.feed.boundMs()) : now
  // An answer about a session token that a verifier keeps is no older than a lease either.
  return viewOfEnded(head, { obeyedAt, expiredAt: Math.max(expiredAt, obeyedAt), waitedMs })
}

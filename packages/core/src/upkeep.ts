import type { Issuer } from './issuer.ts'

/** Removed at most per round, so that nobody waits long behind it. */
const SWEPT_PER_ROUND = 1000

/** What wants doing from time to time. Nothing that is promised depends on when it runs, but for keys that are due. */
export async function upkeep({ keys, sessions, log, feed, policy, clock }: Issuer): Promise<void> {
  await keys.upkeep()
  await feed.upkeep()
  const now = clock.now()
  await sessions.sweep(now, SWEPT_PER_ROUND)
  await log.compact(now - (policy.revocationRetentionSeconds + policy.leewaySeconds) * 1000)
}

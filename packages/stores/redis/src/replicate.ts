import { ask, type Patience, type Tally } from './commands.ts'
import type { Link } from './link.ts'
import type { Watch } from './watch.ts'

/**
 * Waits until one replica has what was written to a key, `ms` at most, so that a failover rarely loses a sign-in that was just
 * acknowledged. Best effort: `WAIT` holds up everything behind it on the connection, so that a replica which does not keep up is
 * waited for once, and then not again for a few seconds.
 */
export function replicateOver(
  link: Link,
  watch: Watch,
  patience: Patience,
  tally: Tally,
  ms: number,
): (key: string) => Promise<void> {
  return async (key) => {
    const primary = link.primaryOf(key)
    if (ms === 0 || primary === undefined || !watch.replicates) return
    const confirmed = await ask(() => primary.send(['WAIT', '1', String(ms)]), patience, tally).catch(() => 0)
    if (confirmed === 0) watch.noteSlowReplica()
  }
}

import type { Policy } from '../policy.ts'
import type { Database } from '../stores/database.ts'
import type { ApplicationSettings } from './application.ts'
import { longestAcceptanceMs } from './lifetimes.ts'

/** Until when tokens are accepted that were handed out under settings which do not hold any more. */
const MARK = 'tokens_accepted_until'

/** Requests that are under way at a change hand out tokens by the former settings for a little longer. */
const UNDER_WAY_MS = 60_000

/** Gives an application its settings, and remembers for how long the tokens of the former ones are out. */
export async function declareApplication(
  database: Database,
  settings: ApplicationSettings,
  policy: Policy,
  now: number,
): Promise<void> {
  const former = await database.findApplication(settings.id)
  const formerMs = former === undefined ? 0 : longestAcceptanceMs(former, policy)
  if (formerMs > longestAcceptanceMs(settings, policy)) {
    const until = Math.max(now + formerMs + UNDER_WAY_MS, await formerAcceptanceUntil(database))
    await database.keepMark(MARK, String(until))
  }
  await database.declareApplication(settings)
}

/** Until when somebody who does not ask may accept a token that former settings let out; 0 when there were none. */
export async function formerAcceptanceUntil(database: Database): Promise<number> {
  return Number((await database.readMark(MARK)) ?? 0)
}

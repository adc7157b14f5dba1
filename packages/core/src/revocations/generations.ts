import type { SessionId } from '@counterfoil/protocol'
import type { Account } from '../accounts/account.ts'
import type { Application } from '../applications/application.ts'
import type { Session } from '../sessions/session.ts'

/** What an account remembers of the raises of its generation. */
export type AccountGenerations = Pick<Account, 'generation' | 'kept'>

/** The generation below which a session with this id has ended. */
export function generationCut({ generation, kept }: AccountGenerations, sessionId: SessionId): number {
  return kept?.sessionId === sessionId ? kept.generation : generation
}

/**
 * One raise further. The session that it spares stays under the cut that held for it before, so that raises which spared
 * it twice still do, and one that did not still ends it.
 */
export function raiseGeneration(held: AccountGenerations, keep: SessionId | undefined): AccountGenerations {
  const kept = keep === undefined ? undefined : { sessionId: keep, generation: generationCut(held, keep) }
  return { generation: held.generation + 1, kept }
}

/** Whether a session of these generations has been ended with all others of its account or application. */
export function isSuperseded(
  session: Pick<Session, 'id' | 'accountGeneration' | 'applicationGeneration'>,
  { account, application }: { readonly account: Account; readonly application: Application },
): boolean {
  return (
    account.disabled ||
    session.accountGeneration < generationCut(account, session.id) ||
    session.applicationGeneration < application.generation
  )
}

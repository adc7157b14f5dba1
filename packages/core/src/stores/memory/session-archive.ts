import type { AccountId, SessionId } from '@counterfoil/protocol'
import { ARCHIVE_KEYS, type ArchivedSession, type SessionArchive } from '../archive.ts'
import type { Session } from '../../sessions/session.ts'
import { createMemorySection } from './archive-section.ts'
import type { SessionTable } from './session-table.ts'

/** What one session store in memory knows. The floors stay for as long as the process: they are few, and small. */
export interface SessionState {
  readonly table: SessionTable
  /** As JSON text, which copies, and takes the least room. */
  readonly attributes: Map<SessionId, { readonly version: number; readonly json: string }>
  /** Of each account the generation below which nothing starts any more. */
  readonly floors: Map<AccountId, number>
}

/** Everything in a session store in memory. */
export function createMemorySessionArchive({ table, attributes, floors }: SessionState): SessionArchive {
  const withAttributes = (session: Session): ArchivedSession => {
    const held = attributes.get(session.id)
    if (held === undefined) return session
    return { ...session, attributes: { version: held.version, attributes: JSON.parse(held.json) } }
  }
  return {
    sessions: createMemorySection({
      keyOf: ARCHIVE_KEYS.sessions,
      list: () => table.all().map(withAttributes),
      get(key) {
        const session = table.get(key as SessionId)
        return session && withAttributes(session)
      },
      add({ attributes: given, ...session }) {
        table.add(session)
        if (given === undefined) return
        attributes.set(session.id, { version: given.version, json: JSON.stringify(given.attributes) })
      },
    }),
    floors: createMemorySection({
      keyOf: ARCHIVE_KEYS.floors,
      list: () => [...floors].map(([accountId, below]) => ({ accountId, below })),
      get(key) {
        const below = floors.get(key as AccountId)
        return below === undefined ? undefined : { accountId: key as AccountId, below }
      },
      add: ({ accountId, below }) => void floors.set(accountId, below),
    }),
  }
}

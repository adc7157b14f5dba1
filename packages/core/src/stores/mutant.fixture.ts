import { AssertionError } from 'node:assert/strict'
import type { ConformanceCase, ConnectedStores } from './conformance/case.ts'
import type { AttemptCounters } from '../credentials/attempt-counters.ts'
import type { FamiliarAddresses } from '../credentials/familiar-addresses.ts'
import type { Session } from '../sessions/session.ts'
import type { Database } from './database.ts'
import { createMemoryStores, type MemoryStores } from './memory/stores.ts'
import type { NodeBoard } from './node-board.ts'
import type { RevocationLog } from './revocation-log.ts'
import type { SessionStore } from './session-store.ts'

/** A store that is broken on purpose, and the promise that it breaks. */
export interface Mutant {
  /** What is wrong with it. */
  readonly fault: string
  /** The title of a case that must fail. */
  readonly breaks: string
  /** The broken verbs, over sound stores. */
  mutate(sound: MemoryStores): Partial<MemoryStores>
  /** What a restart does to it. Unless given, it comes back as it was. */
  restart?(broken: MemoryStores): MemoryStores
}

/** Lets everybody else go first: a mutant that waits here is between its two steps. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** What a case says about stores: nothing, or which assertion failed. Anything else that goes wrong is thrown. */
export async function tryCase(
  { run }: ConformanceCase,
  { mutate, restart }: Pick<Mutant, 'mutate' | 'restart'>,
): Promise<AssertionError | undefined> {
  const connect = (stores: MemoryStores): ConnectedStores => ({
    ...stores,
    close: async () => undefined,
    reopen: async () => connect(restart === undefined ? stores : restart(stores)),
  })
  try {
    await run(async () => {
      const sound = createMemoryStores()
      return connect({ ...sound, ...mutate(sound) })
    })
    return undefined
  } catch (error) {
    if (error instanceof AssertionError) return error
    throw error
  }
}

/** The case with this title. */
export function caseNamed(title: string, cases: readonly ConformanceCase[]): ConformanceCase {
  const named = cases.filter((one) => one.title === title)
  if (named.length !== 1 || named[0] === undefined) throw new TypeError(`${named.length} cases are called: ${title}`)
  return named[0]
}

/** A mutant of the session store alone. */
export function brokenSessions(
  fault: string,
  breaks: string,
  mutate: (sound: SessionStore) => Partial<SessionStore>,
): Mutant {
  return { fault, breaks, mutate: ({ sessions }) => ({ sessions: { ...sessions, ...mutate(sessions) } }) }
}

/** Puts a record in place of another as a careless store does. */
export async function rewriteSession(sessions: SessionStore, session: Session): Promise<Session> {
  await sessions.end(session.id)
  await sessions.start(session)
  return session
}

/** A mutant of the database alone. */
export function brokenDatabase(fault: string, breaks: string, mutate: (sound: Database) => Partial<Database>): Mutant {
  return { fault, breaks, mutate: ({ database }) => ({ database: { ...database, ...mutate(database) } }) }
}

/** A mutant of the log alone. */
export function brokenLog(
  fault: string,
  breaks: string,
  mutate: (sound: RevocationLog) => Partial<RevocationLog>,
): Mutant {
  return { fault, breaks, mutate: ({ log }) => ({ log: { ...log, ...mutate(log) } }) }
}

/** A mutant of the board of nodes alone. */
export function brokenNodes(fault: string, breaks: string, mutate: (sound: NodeBoard) => Partial<NodeBoard>): Mutant {
  return { fault, breaks, mutate: ({ nodes }) => ({ nodes: { ...nodes, ...mutate(nodes) } }) }
}

/** A mutant of the counters alone. */
export function brokenCounters(
  fault: string,
  breaks: string,
  mutate: (sound: AttemptCounters) => Partial<AttemptCounters>,
): Mutant {
  return {
    fault,
    breaks,
    mutate: ({ counters }) => ({
      counters: {
        take: (rule, subject, now) => counters.take(rule, subject, now),
        giveBack: (rule, subject, windowEndsAt) => counters.giveBack(rule, subject, windowEndsAt),
        ...mutate(counters),
      },
    }),
  }
}

/** A mutant of the familiar addresses alone. */
export function brokenFamiliar(
  fault: string,
  breaks: string,
  mutate: (sound: FamiliarAddresses) => Partial<FamiliarAddresses>,
): Mutant {
  return {
    fault,
    breaks,
    mutate: ({ familiar }) => ({
      familiar: {
        knows: (account, group, now) => familiar.knows(account, group, now),
        remember: (account, group, until) => familiar.remember(account, group, until),
        ...mutate(familiar),
      },
    }),
  }
}

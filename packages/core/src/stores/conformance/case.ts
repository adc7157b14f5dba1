import type { AttemptCounters } from '../../credentials/attempt-counters.ts'
import type { FamiliarAddresses } from '../../credentials/familiar-addresses.ts'
import type { SpentProofs } from '../../credentials/spent-proofs.ts'
import type { DatabaseArchive, SessionArchive } from '../archive.ts'
import type { Database } from '../database.ts'
import type { NodeBoard } from '../node-board.ts'
import type { RevocationLog } from '../revocation-log.ts'
import type { SessionStore } from '../session-store.ts'

/** The stores of one installation, connected. */
export interface ConnectedStores {
  readonly database: Database
  readonly sessions: SessionStore
  readonly log: RevocationLog
  readonly nodes: NodeBoard
  readonly counters: AttemptCounters
  readonly familiar: FamiliarAddresses
  readonly spentProofs: SpentProofs
  /** Only the cases of archives need these two. */
  readonly archive?: DatabaseArchive
  readonly sessionArchive?: SessionArchive
  close(): Promise<void>
  /** Closes, and opens the same stores again, as a restart does. Stores that keep nothing leave it out. */
  reopen?(): Promise<ConnectedStores>
}

/** Connects to stores that are empty, and shared with nobody. */
export type OpenStores = () => Promise<ConnectedStores>

/**
 * One promise of a contract, for any test runner: `run` rejects when it is broken. A case with `needs` can only run on stores
 * that offer it; skip it with a reason elsewhere.
 *
 * @example
 * for (const { title, needs, run } of sessionStoreCases) it.skipIf(needs === 'reopen')(title, () => run(open))
 */
export interface ConformanceCase {
  readonly title: string
  readonly needs?: 'reopen'
  readonly run: (open: OpenStores) => Promise<void>
}

/** A case on fresh stores, which it closes. */
export function holdTo(title: string, check: (stores: ConnectedStores) => Promise<void>): ConformanceCase {
  return {
    title,
    async run(open) {
      const stores = await open()
      try {
        await check(stores)
      } finally {
        await stores.close()
      }
    },
  }
}

/** A case that does something, restarts, and checks what the stores still know. */
export function holdToAcrossRestart<Known>(
  title: string,
  act: (stores: ConnectedStores) => Promise<Known>,
  check: (stores: ConnectedStores, known: Known) => Promise<void>,
): ConformanceCase {
  return {
    title,
    needs: 'reopen',
    async run(open) {
      let stores = await open()
      try {
        if (stores.reopen === undefined) throw new TypeError('this case needs stores that can be reopened')
        const known = await act(stores)
        stores = await stores.reopen()
        await check(stores, known)
      } finally {
        await stores.close()
      }
    },
  }
}

import { decodeBase64url, encodeBase64url, type AccountId, type LogHead, type Revocation } from '@counterfoil/protocol'
import type { Account } from '../accounts/account.ts'
import type { Application } from '../applications/application.ts'
import type { AuditEvent } from '../audit.ts'
import type { Session } from '../sessions/session.ts'
import type { StoredKey } from '../tokens/stored-key.ts'
import type { VersionedAttributes } from './session-store.ts'

/** Some rows of a section. */
export interface Page<Row> {
  readonly rows: readonly Row[]
  /** Where the next page begins; undefined when this was the last one. It may be kept, and be used after a restart of the stores. */
  readonly next: string | undefined
}

/**
 * Rows of one kind, to be copied out of one store and into another. Nobody else writes to either meanwhile. What comes back is a copy.
 * Rejects with `StoreUnavailable` only.
 */
export interface Section<Row> {
  /**
   * The rows from the beginning, or from where another page ended: about `limit`, fewer or none also before the end. Who reads on until there
   * is no next page has every row at least once.
   */
  read(from: string | undefined, limit: number): Promise<Page<Row>>
  /** The rows that have these keys (see `ARCHIVE_KEYS`), in any order; there are none for keys that are not there. */
  find(keys: readonly string[]): Promise<Row[]>
  /**
   * Adds rows as they are, with their numbers and positions, in the order in which they were read. A row that is there already may come
   * again; when another one has its key, or what must be unique in it, nothing is written, and the answer names that key. What has
   * resolved is durable; of what rejects some rows may have been added, each of them whole.
   */
  write(rows: readonly Row[]): Promise<'written' | { readonly differs: string }>
}

/** An account that has been erased: its id is never given out again. */
export interface ErasedAccount {
  readonly id: AccountId
}

/** A key, sealed as it is in the database; the bytes in base64url. */
export interface ArchivedKey extends Omit<StoredKey, 'sealed'> {
  readonly sealed: string
}

/** Where the revocation log begins and ends. */
export interface LogEnds extends LogHead {
  /** The position up to which records have been removed. */
  readonly compacted: number
}

/** A session, expired or not, with its attributes if it ever had any. */
export interface ArchivedSession extends Session {
  readonly attributes?: VersionedAttributes | undefined
}

/** The generation of an account below which no session starts any more. */
export interface SessionFloor {
  readonly accountId: AccountId
  readonly below: number
}

/** The rows of a database, by section. They are written in this order. */
export interface DatabaseContents {
  readonly accounts: Account
  readonly erasedAccounts: ErasedAccount
  readonly applications: Application
  readonly keys: ArchivedKey
  readonly audit: AuditEvent
  readonly revocations: Revocation
  /**
   * One row. Written last: a log in which nothing has happened yet becomes the one that was copied, with its incarnation, so that whoever
   * followed that one goes on where it was.
   */
  readonly log: LogEnds
}

/** The rows of a session store, by section. */
export interface SessionContents {
  readonly sessions: ArchivedSession
  readonly floors: SessionFloor
}

/** Everything in a database that outlives its installation: marks, counters and what nodes report of themselves do not. */
export type DatabaseArchive = { readonly [Name in keyof DatabaseContents]: Section<DatabaseContents[Name]> }

/** Everything in a session store. Sessions that have expired need not be taken up. */
export type SessionArchive = { readonly [Name in keyof SessionContents]: Section<SessionContents[Name]> }

type KeysOf<Rows> = { readonly [Name in keyof Rows]: (row: Rows[Name]) => string }

/** What names a row within its section. */
export const ARCHIVE_KEYS: KeysOf<DatabaseContents & SessionContents> = {
  accounts: ({ id }) => id,
  erasedAccounts: ({ id }) => id,
  applications: ({ id }) => id,
  keys: ({ id }) => id,
  audit: ({ number }) => String(number),
  revocations: ({ position }) => String(position),
  log: () => 'log',
  sessions: ({ id }) => id,
  floors: ({ accountId }) => accountId,
}

/** A key as it is copied. */
export function archivedKey(key: StoredKey): ArchivedKey {
  return { ...key, sealed: encodeBase64url(key.sealed) }
}

/** A key as it is stored. @throws {TypeError} when its bytes are not base64url. */
export function storedKey(key: ArchivedKey): StoredKey {
  const sealed = decodeBase64url(key.sealed)
  if (sealed === undefined) throw new TypeError('the bytes of a key must be base64url')
  return { ...key, sealed }
}

/** The text that two rows have in common if they say the same: members in one order, without those that are undefined. */
export function canonicalRow(row: unknown): string {
  return JSON.stringify(row, (_, value: unknown) => (isRecord(value) ? sortMembers(value) : value))
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sortMembers(record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(record).toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

import {
  ARCHIVE_KEYS,
  isLive,
  type DatabaseArchive,
  type DatabaseContents,
  type Section,
  type SessionArchive,
  type SessionContents,
} from '@counterfoil/core'

/** Both archives of one installation. */
export interface Archives {
  readonly archive: DatabaseArchive
  readonly sessionArchive: SessionArchive
}

/** Names a section. */
export type SectionName = keyof DatabaseContents | keyof SessionContents

/** What is to be copied. */
export interface Scope {
  /** False where both configurations name one database, and only its sessions move. */
  readonly database: boolean
  /** False where both configurations name one session store. */
  readonly sessions: boolean
}

/** One section on both sides. */
export interface SectionPair<Row> {
  readonly name: SectionName
  readonly source: Section<Row>
  readonly target: Section<Row>
  readonly keyOf: (row: Row) => string
  /** Whether a row is of any use where it is copied to. */
  readonly isUseful: (row: Row) => boolean
}

/** A pair, whatever its rows are. */
export interface AnyPair {
  readonly name: SectionName
  readonly apply: <Result>(act: <Row>(pair: SectionPair<Row>) => Result) => Result
}

/** What people call the sections. */
export const SECTION_TITLES: Readonly<Record<SectionName, string>> = {
  accounts: 'accounts',
  erasedAccounts: 'erased accounts',
  applications: 'applications',
  keys: 'keys',
  audit: 'audit events',
  revocations: 'revocations',
  sessions: 'sessions',
  floors: 'ends of all sessions',
  log: 'ends of the log',
}

/** All sections in the order in which they are copied: the ends of the log last. Sessions that have expired by `now` are left behind. */
export function pairSections(source: Archives, target: Archives, scope: Scope, now: number): AnyPair[] {
  const [from, to] = [source.archive, target.archive]
  const [log, ...tables] = [
    pairOf('log', from.log, to.log, ARCHIVE_KEYS.log),
    pairOf('accounts', from.accounts, to.accounts, ARCHIVE_KEYS.accounts),
    pairOf('erasedAccounts', from.erasedAccounts, to.erasedAccounts, ARCHIVE_KEYS.erasedAccounts),
    pairOf('applications', from.applications, to.applications, ARCHIVE_KEYS.applications),
    pairOf('keys', from.keys, to.keys, ARCHIVE_KEYS.keys),
    pairOf('audit', from.audit, to.audit, ARCHIVE_KEYS.audit),
    pairOf('revocations', from.revocations, to.revocations, ARCHIVE_KEYS.revocations),
  ] as const
  const sessions = pairSessions(source.sessionArchive, target.sessionArchive, now)
  const moved = scope.sessions ? sessions : []
  return scope.database ? [...tables, ...moved, log] : moved
}

function pairSessions(from: SessionArchive, to: SessionArchive, now: number): AnyPair[] {
  return [
    pairOf('sessions', from.sessions, to.sessions, ARCHIVE_KEYS.sessions, (session) => isLive(session, now)),
    pairOf('floors', from.floors, to.floors, ARCHIVE_KEYS.floors),
  ]
}

function pairOf<Row>(
  name: SectionName,
  source: Section<Row>,
  target: Section<Row>,
  keyOf: (row: Row) => string,
  isUseful: (row: Row) => boolean = () => true,
): AnyPair {
  return { name, apply: (act) => act({ name, source, target, keyOf, isUseful }) }
}

import type { DatabaseSync } from 'node:sqlite'
import { failureOf, SQLITE, sqliteCode } from './failure.ts'
import type { Failure } from './failure.ts'
import { insist } from './locking.ts'
import { prepareChange, prepareQuery } from './statements.ts'
import { perform } from './verbs.ts'
import type { Answers, Call, VerbName, VerbTable } from './verbs.ts'

/** What one call came to. */
type Outcome = { readonly answer: Answers[VerbName] } | { readonly failure: Failure }

/** What became of calls that were made in one transaction: all of them were committed, but for those that failed alone; or none. */
export type Settlement =
  | { readonly kind: 'committed'; readonly outcomes: readonly Outcome[]; readonly head: number }
  | { readonly kind: 'failed'; readonly count: number; readonly failure: Failure }

/** Errors of one statement, after which the transaction goes on. All others concern the file, and so all calls. */
const LONE_ERRORS: ReadonlySet<number> = new Set([
  SQLITE.error,
  SQLITE.tooBig,
  SQLITE.constraint,
  SQLITE.mismatch,
  SQLITE.range,
])

/** Verbs that write by a single statement, which SQLite undoes by itself when it fails: they need no savepoint, and are the frequent ones. */
const SINGLE_STATEMENTS: ReadonlySet<VerbName> = new Set([
  'startSession',
  'advanceSession',
  'raiseSession',
  'touchSession',
  'writeAttributes',
  'endSession',
  'recordAudit',
])

/**
 * Gives a function that makes calls in one transaction, and answers when it is durable. It throws only when not even a
 * rollback is possible. `requireSame` throws when the file is not what it was when it was opened.
 */
export function prepareTransaction(
  db: DatabaseSync,
  verbs: VerbTable,
  lockTimeoutMs: number,
  requireSame: () => void,
): (calls: readonly Call[]) => Settlement {
  const begin = prepareChange(db, 'BEGIN IMMEDIATE')
  const commit = prepareChange(db, 'COMMIT')
  const rollBack = prepareChange(db, 'ROLLBACK')
  const readHead = prepareQuery<[number]>(db, 'SELECT head FROM installation')
  const attempt = prepareAttempt(db, verbs)
  return (calls) => {
    try {
      insist(lockTimeoutMs, begin)
      const outcomes = calls.map(attempt)
      const head = readHead.first()?.[0] ?? 0
      requireSame()
      commit()
      return { kind: 'committed', outcomes, head }
    } catch (error) {
      if (db.isTransaction) rollBack()
      return { kind: 'failed', count: calls.length, failure: failureOf(error) }
    }
  }
}

function prepareAttempt(db: DatabaseSync, verbs: VerbTable): (call: Call) => Outcome {
  const mark = prepareChange(db, 'SAVEPOINT call')
  const keep = prepareChange(db, 'RELEASE call')
  const undo = prepareChange(db, 'ROLLBACK TO call')
  return (call) => {
    const marked = !SINGLE_STATEMENTS.has(call[0])
    if (marked) mark()
    try {
      const answer = perform(verbs, call)
      if (marked) keep()
      return { answer }
    } catch (error) {
      const code = sqliteCode(error)
      if (code !== undefined && !LONE_ERRORS.has(code)) throw error
      if (marked) {
        undo()
        keep()
      }
      return { failure: failureOf(error) }
    }
  }
}

import type { DatabaseSync } from 'node:sqlite'
import { StoreUnavailable } from '@counterfoil/core'
import { prepareChange } from './statements.ts'

/** The reading side of a file: one connection, asked at once on this thread. */
export interface Reader {
  readonly db: DatabaseSync
  /**
   * Asks the file. All that is asked in one turn of the event loop is answered from one moment of it, never from before the latest
   * commit of this process. Whatever the question throws becomes a rejection with `StoreUnavailable`.
   */
  readonly answer: <Answer>(ask: () => Answer) => Promise<Answer>
  /** The same, but from this very moment: for what others decide by, who may have written since the turn began. */
  readonly answerNow: <Answer>(ask: () => Answer) => Promise<Answer>
  /** Answers from a later moment from now on: something has been committed. */
  readonly moveOn: () => void
}

/**
 * Reads on a connection that does nothing else. A transaction of its own for each read would take and release locks each time, which costs
 * more than most reads; so the first read of a turn begins one, and the turn ends it, before the process can wait for anything.
 */
export function createReader(db: DatabaseSync): Reader {
  const begin = prepareChange(db, 'BEGIN')
  const finish = prepareChange(db, 'ROLLBACK')
  const moveOn = (): void => {
    if (db.isOpen && db.isTransaction) finish()
  }
  const answer: Reader['answer'] = (ask) => {
    try {
      if (!db.isTransaction) {
        begin()
        setImmediate(moveOn)
      }
      return Promise.resolve(ask())
    } catch (cause) {
      return Promise.reject(new StoreUnavailable('the SQLite file cannot be read', { cause }))
    }
  }
  return {
    db,
    answer,
    answerNow(ask) {
      moveOn()
      return answer(ask)
    },
    moveOn,
  }
}

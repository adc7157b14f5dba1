import { StoreUnavailable } from '@counterfoil/core'
import type { Ask } from './client.ts'
import { RefusedValue } from './failure.ts'

type Rows = readonly (readonly unknown[])[]

/** A statement for many calls at once. */
export interface Statement<Given, Answer> {
  readonly text: string
  /** What is bound: a column each, as arrays of one length. */
  readonly bind: (given: readonly Given[]) => readonly unknown[]
  /** An answer for each call, in their order. */
  readonly answer: (rows: Rows, given: readonly Given[]) => readonly Answer[]
  /**
   * The row that a call writes. Of calls for one row only one is in a statement, and under way, at a time: a statement that met the same row
   * twice would say yes twice. Undefined: it writes none.
   */
  readonly rowOf?: (given: Given) => string
}

/** How batches run. */
export interface BatchLimits {
  /** Calls that may wait; further ones are turned away. */
  readonly maxWaiting: number
  /** Statements of one kind under way at once: while they are, what comes is gathered for the next. */
  readonly maxRunning: number
}

/** Counts for metrics. */
export interface BatchCounts {
  readonly statements: number
  readonly calls: number
  readonly waiting: number
}

/** More calls make a statement no cheaper for each, and the others wait for it. */
const MOST_AT_ONCE = 256

interface Waiting<Given, Answer> {
  readonly given: Given
  readonly row: string | undefined
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

/** One kind of call, and those that wait. */
interface Kind {
  drain(): void
}

/**
 * Joins calls of one kind into one statement: those of the same turn, and those that come while others are under way. Under load a statement then
 * carries many, and costs little more than with one.
 */
export class Batches {
  readonly #ask: Ask
  readonly #limits: BatchLimits
  readonly #kinds = new Set<Kind>()
  readonly #rowsInUse = new Set<string>()
  #statements = 0
  #calls = 0
  #waiting = 0

  constructor(ask: Ask, limits: BatchLimits) {
    this.#ask = ask
    this.#limits = limits
  }

  counts(): BatchCounts {
    return { statements: this.#statements, calls: this.#calls, waiting: this.#waiting }
  }

  /** How to call a statement. @throws {StoreUnavailable} when too many wait, or when it cannot be carried out. */
  of<Given, Answer>(statement: Statement<Given, Answer>): (given: Given) => Promise<Answer> {
    const queue: Waiting<Given, Answer>[] = []
    let running = 0
    let isScheduled = false
    const drain = (): void => {
      isScheduled = false
      while (running < this.#limits.maxRunning) {
        const batch = this.#take(queue)
        if (batch.length === 0) return
        running++
        void this.#run(statement, batch).finally(() => {
          running--
          // A row that is free again may be what a call of another kind waits for.
          for (const kind of this.#kinds) kind.drain()
        })
      }
    }
    this.#kinds.add({ drain })
    return (given) => {
      if (this.#waiting >= this.#limits.maxWaiting) {
        return Promise.reject(new StoreUnavailable('too many calls wait for PostgreSQL'))
      }
      this.#waiting++
      return new Promise((resolve, reject) => {
        queue.push({ given, row: statement.rowOf?.(given), resolve, reject })
        if (isScheduled) return
        isScheduled = true
        queueMicrotask(drain)
      })
    }
  }

  /** Takes calls out of the queue, the first first, whose rows nobody is writing. */
  #take<Given, Answer>(queue: Waiting<Given, Answer>[]): Waiting<Given, Answer>[] {
    const batch: Waiting<Given, Answer>[] = []
    let kept = 0
    for (const [at, waiting] of queue.entries()) {
      const isFree = waiting.row === undefined || !this.#rowsInUse.has(waiting.row)
      if (batch.length < MOST_AT_ONCE && isFree) {
        if (waiting.row !== undefined) this.#rowsInUse.add(waiting.row)
        batch.push(waiting)
      } else {
        queue[kept++] = queue[at] ?? waiting
      }
    }
    queue.length = kept
    return batch
  }

  async #run<Given, Answer>(statement: Statement<Given, Answer>, batch: Waiting<Given, Answer>[]): Promise<void> {
    this.#waiting -= batch.length
    this.#calls += batch.length
    try {
      await this.#send(statement, batch)
    } finally {
      for (const { row } of batch) if (row !== undefined) this.#rowsInUse.delete(row)
    }
  }

  async #send<Given, Answer>(statement: Statement<Given, Answer>, batch: Waiting<Given, Answer>[]): Promise<void> {
    const given = batch.map((each) => each.given)
    this.#statements++
    try {
      const answers = statement.answer(await this.#ask(statement.text, statement.bind(given)), given)
      for (const [at, { resolve }] of batch.entries()) resolve(answers[at] as Answer)
    } catch (error) {
      // Nothing of it was carried out: alone, each call meets what is its own.
      if (error instanceof RefusedValue && batch.length > 1)
        for (const each of batch) await this.#send(statement, [each])
      else for (const { reject } of batch) reject(error instanceof Error ? error : new Error('a statement failed'))
    }
  }
}

/** Turns rows into columns: one array for each place. */
export function columnsOf<Row extends readonly unknown[]>(rows: readonly Row[], width: number): unknown[][] {
  return Array.from({ length: width }, (_, at) => rows.map((row) => row[at]))
}

/** Finds for each call the row whose first cell is its key. */
export function rowsByKey(rows: Rows): ReadonlyMap<unknown, readonly unknown[]> {
  return new Map(rows.map((row) => [row[0], row]))
}

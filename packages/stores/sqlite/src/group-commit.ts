import { once } from 'node:events'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { failureOf } from './failure.ts'
import type { Failure } from './failure.ts'
import type { Settlement } from './transaction.ts'
import { unavailableFor } from './unavailable.ts'
import type { Answers, Call, VerbName } from './verbs.ts'
import type { FromWriter, ToWriter, WriterData } from './writer.ts'

/** Counts of the writing side since the file was opened. */
export interface WriteCounts {
  /** Writes that wait for their commit now. */
  readonly waiting: number
  /** Writes that were committed. */
  readonly committed: number
  /** Transactions that committed them: far fewer, when many write at once. */
  readonly commits: number
  /** Writes that were not committed, or not confirmed. */
  readonly failed: number
  /** Writes that were turned away because too many waited. */
  readonly refused: number
  /** How often the writing thread died and another took its place. */
  readonly restarts: number
}

/** What a writing side is opened with. */
export interface GroupCommitOptions extends WriterData {
  /** How many writes may wait; further ones are turned away. */
  readonly maxWaitingWrites: number
  /** Told after each commit where the revocation log ends. */
  readonly onCommit: (head: number) => void
}

interface Waiting {
  readonly call: Call
  readonly resolve: (answer: Answers[VerbName]) => void
  readonly reject: (error: Error) => void
}

// The worker is loaded as this file was: from source, or built.
const WRITER = new URL(`./writer${extname(import.meta.url)}`, import.meta.url)

/** How many writes go into one message at most: the writer begins while the rest of a burst is still being made. */
const MESSAGE_LENGTH = 16

/**
 * The main thread's side of the one writer. Writes that come in while it commits go into its next transaction together; each
 * is acknowledged when that is durable.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions
  readonly #counts = { committed: 0, commits: 0, failed: 0, refused: 0, restarts: 0 }
  #worker: Worker | undefined
  #unsent: Waiting[] = []
  #sent: Waiting[] = []
  #closed: Promise<void> | undefined

  private constructor(options: GroupCommitOptions) {
    this.#options = options
  }

  /** Starts the writing thread. Rejects with its error when it cannot open the file. */
  static async open(options: GroupCommitOptions): Promise<GroupCommit> {
    const group = new GroupCommit(options)
    await once(group.#start(), 'message')
    group.#rest()
    return group
  }

  /** Makes a call in the next transaction. Rejects with `StoreUnavailable` when that is not confirmed. */
  write<Made extends Call>(...call: Made): Promise<Answers[Made[0]]> {
    if (this.#closed !== undefined) return Promise.reject(unavailableFor({ message: 'the store is closed' }))
    if (this.#unsent.length + this.#sent.length >= this.#options.maxWaitingWrites) {
      this.#counts.refused++
      return Promise.reject(unavailableFor({ message: 'too many writes wait already' }))
    }
    return new Promise((resolve, reject) => {
      // One message for all that this turn of the event loop brings: each message costs more than a call in it.
      const unsent = this.#unsent.push(waitingFor(call, resolve, reject))
      if (unsent === 1) setImmediate(() => this.#send())
      else if (unsent === MESSAGE_LENGTH) this.#send()
    })
  }

  counts(): WriteCounts {
    return { ...this.#counts, waiting: this.#unsent.length + this.#sent.length }
  }

  /** Turns further writes away, and resolves when those that wait are done with and the file is closed. */
  close(): Promise<void> {
    this.#closed ??= this.#end()
    return this.#closed
  }

  async #end(): Promise<void> {
    this.#send()
    const worker = this.#worker
    if (worker === undefined) return
    worker.ref()
    tell(worker, { kind: 'close' })
    await new Promise((resolve) => worker.once('exit', resolve))
  }

  #send(): void {
    const waiting = this.#unsent
    this.#unsent = []
    if (waiting.length > 0) this.#post(waiting)
  }

  #post(waiting: Waiting[]): void {
    const worker = this.#worker ?? this.#restart()
    try {
      tell(worker, { kind: 'write', calls: waiting.map(({ call }) => call) })
      for (const one of waiting) this.#sent.push(one)
      worker.ref()
    } catch (error) {
      // Something among them cannot be cloned. It must not take the others with it.
      if (waiting.length === 1) this.#fail(waiting, failureOf(error))
      else for (const one of waiting) this.#post([one])
    }
  }

  #restart(): Worker {
    this.#counts.restarts++
    return this.#start()
  }

  #start(): Worker {
    const { path, file, lockTimeoutMs, maxFileBytes } = this.#options
    const workerData: WriterData = { path, file, lockTimeoutMs, maxFileBytes }
    const worker = new Worker(WRITER, { workerData, execArgv: [], name: 'sqlite-writer' })
    worker.on('message', (message: FromWriter) => {
      if (message.kind !== 'ready') this.#settle(message)
    })
    worker.on('error', (error) => this.#lose(worker, failureOf(error)))
    worker.on('exit', () => this.#lose(worker, { message: 'the writing thread ended' }))
    this.#worker = worker
    return worker
  }

  #settle(settlement: Settlement): void {
    if (settlement.kind === 'failed') {
      this.#fail(this.#sent.splice(0, settlement.count), settlement.failure)
    } else {
      this.#acknowledge(settlement)
      this.#options.onCommit(settlement.head)
    }
    this.#rest()
  }

  #acknowledge({ outcomes }: Settlement & { kind: 'committed' }): void {
    this.#counts.commits++
    this.#sent.splice(0, outcomes.length).forEach((waiting, index) => {
      const outcome = outcomes[index]
      if (outcome === undefined || 'failure' in outcome) {
        this.#fail([waiting], outcome?.failure ?? { message: 'the writing thread lost count' })
      } else {
        this.#counts.committed++
        waiting.resolve(outcome.answer)
      }
    })
  }

  #lose(worker: Worker, failure: Failure): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    this.#fail(this.#sent.splice(0), failure)
  }

  #fail(waiting: readonly Waiting[], failure: Failure): void {
    this.#counts.failed += waiting.length
    for (const { reject } of waiting) reject(unavailableFor(failure))
  }

  /** A thread that has nothing to do does not keep the process alive. */
  #rest(): void {
    if (this.#sent.length === 0) this.#worker?.unref()
  }
}

/** Settlements come in the order of the calls, so that the answer at hand is always that of the verb that was called. */
function waitingFor<Made extends Call>(
  call: Made,
  resolve: (answer: Answers[Made[0]]) => void,
  reject: (error: Error) => void,
): Waiting {
  return { call, resolve: (answer) => resolve(answer as Answers[Made[0]]), reject }
}

function tell(worker: Worker, message: ToWriter): void {
  worker.postMessage(message)
}

import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import type { Configuration } from '../config/configuration.ts'
import { longestStopMs, stopOnSignal, type Haste } from '../commands/stopping.ts'
import type { Log } from '../terminal/log.ts'
import type { FromWorker, ToWorker } from './messages.ts'
import { pauseBeforeReplacing } from './replacing.ts'

/** How a worker ended. */
interface Ending {
  readonly code: number | null
  readonly signal: string | null
}

/**
 * Starts the workers, and resolves when all of them serve. One that dies later is replaced. Where the first ones cannot start, they have said
 * why, and this process ends with them.
 */
export async function runWorkers(configuration: Configuration, log: Log): Promise<void> {
  const crew = new Crew(configuration, log)
  stopOnSignal(log, (haste) => crew.stop(haste))
  // One first: what is wrong with the configuration is said once, and new data is made by one.
  await crew.add()
  await Promise.all(Array.from({ length: configuration.workers - 1 }, () => crew.add()))
}

/** The workers. */
class Crew {
  readonly #drainSeconds: number
  readonly #log: Log
  readonly #workers = new Set<Worker>()
  #isStopping = false

  constructor({ drainSeconds }: Configuration, log: Log) {
    this.#drainSeconds = drainSeconds
    this.#log = log
  }

  /** Starts a worker whose place is never left empty again; resolves when it serves. */
  async add(): Promise<void> {
    const startedAt = performance.now()
    const worker = this.#fork()
    const ended = endingOf(worker)
    const first = await Promise.race([readinessOf(worker), ended])
    if (first === 'ready') return void ended.then((ending) => this.#replace(worker, ending, startedAt, 0))
    // Whoever stops ends the process.
    if (this.#isStopping) return new Promise(() => undefined)
    await this.stop('at-once')
    this.#log.flush()
    process.exit(first.code ?? 1)
  }

  /** Has all workers stop, and resolves with the code to exit with when they are gone. */
  async stop(haste: Haste): Promise<number> {
    this.#isStopping = true
    const workers = [...this.#workers]
    const endings = Promise.all(workers.map(endingOf))
    for (const worker of workers) tell(worker, { haste })
    // One that is not ready yet does not listen; and one that is stuck never will.
    const kill = (): void => workers.forEach((worker) => worker.process.kill('SIGKILL'))
    const timer = setTimeout(kill, longestStopMs(haste === 'at-once' ? 0 : this.#drainSeconds) + 1000)
    const isClean = (await endings).every(({ code }) => code === 0)
    clearTimeout(timer)
    return isClean ? 0 : 1
  }

  #fork(): Worker {
    const worker = cluster.fork()
    this.#workers.add(worker)
    worker.on('error', () => undefined)
    worker.on('exit', () => this.#workers.delete(worker))
    return worker
  }

  #replace(worker: Worker, ending: Ending, startedAt: number, previousPauseMs: number): void {
    if (this.#isStopping) return
    const pauseMs = pauseBeforeReplacing(performance.now() - startedAt, previousPauseMs)
    const { code, signal } = ending
    this.#log.logger.error(
      { worker: worker.id, code, signal, pauseMs },
      'a worker has ended; another one takes its place',
    )
    setTimeout(() => this.#succeed(pauseMs), pauseMs)
  }

  #succeed(pauseMs: number): void {
    if (this.#isStopping) return
    const startedAt = performance.now()
    const worker = this.#fork()
    void endingOf(worker).then((ending) => this.#replace(worker, ending, startedAt, pauseMs))
  }
}

async function endingOf(worker: Worker): Promise<Ending> {
  if (worker.isDead()) return { code: worker.process.exitCode, signal: worker.process.signalCode }
  const [code, signal] = (await once(worker, 'exit')) as [number | null, string | null]
  return { code, signal }
}

function readinessOf(worker: Worker): Promise<FromWorker> {
  return new Promise((resolve) => {
    worker.once('message', (word: FromWorker) => resolve(word))
  })
}

function tell(worker: Worker, word: ToWorker): void {
  if (worker.isConnected()) worker.send(word, () => undefined)
}

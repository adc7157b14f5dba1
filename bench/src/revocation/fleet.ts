import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Answers, Call, OrderName, Orders, Reply } from './orders.ts'

interface Waiting {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
}

/** A process with many verifiers. */
export class Worker {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #calls = 0

  constructor() {
    this.#child = fork(join(import.meta.dirname, 'worker.js'), { serialization: 'advanced', execArgv: [] })
    this.#child.on('message', (reply: Reply) => this.#take(reply))
    this.#child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('a worker is gone'))
    })
  }

  ask<Name extends OrderName>(name: Name, order: Orders[Name]): Promise<Answers[Name]> {
    const call: Call = { id: ++this.#calls, name, order }
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(call.id, { resolve, reject })
      this.#child.send(call)
    }) as Promise<Answers[Name]>
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }

  #take({ id, answer, error }: Reply): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(answer)
    else waiting?.reject(new Error(error))
  }
}

/** Several workers, told the same. */
export class Fleet {
  readonly workers: readonly Worker[]

  constructor(processes: number) {
    this.workers = Array.from({ length: processes }, () => new Worker())
  }

  /** Tells all; their answers in order. */
  ask<Name extends OrderName>(name: Name, order: Orders[Name]): Promise<readonly Answers[Name][]> {
    return Promise.all(this.workers.map((worker) => worker.ask(name, order)))
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop()))
  }
}

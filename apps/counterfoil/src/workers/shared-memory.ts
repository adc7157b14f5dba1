import { createMemoryStores, StoreUnavailable } from '@counterfoil/core'
import type { SharedStores } from '../installation/stores.ts'
import type { FromWorker, ToWorker } from './messages.ts'

/** How long the process that has the memory may take to answer. */
const PATIENCE_MS = 5000

type Verb = (...given: never[]) => Promise<unknown>

/**
 * What the workers of one machine have in common where their stores are files: the board of nodes, the counters of attempts and the familiar
 * addresses, in the memory of the process that started them.
 */
export class SharedMemory {
  readonly #stores: SharedStores = createMemoryStores()
  readonly #verbs: Readonly<Record<string, Verb>>

  constructor() {
    const { nodes, counters, familiar } = this.#stores
    this.#verbs = {
      report: nodes.report.bind(nodes),
      readReports: nodes.read.bind(nodes),
      removeReport: nodes.remove.bind(nodes),
      take: counters.take.bind(counters),
      giveBack: counters.giveBack.bind(counters),
      knows: familiar.knows.bind(familiar),
      remember: familiar.remember.bind(familiar),
    }
  }

  /** Calls back whenever a node has reported. */
  watch(onReport: () => void): () => void {
    return this.#stores.nodes.watch(onReport)
  }

  /** Does what a worker has asked for, and tells it what came of it. */
  async answer(
    { id, verb, given }: FromWorker & { readonly kind: 'call' },
    tell: (word: ToWorker) => void,
  ): Promise<void> {
    try {
      const value: unknown = await Reflect.apply(this.#verbOf(verb), undefined, given)
      tell({ kind: 'answer', id, value })
    } catch (error) {
      tell({ kind: 'failed', id, message: error instanceof Error ? error.message : String(error) })
    }
  }

  #verbOf(name: string): Verb {
    const verb = Object.hasOwn(this.#verbs, name) ? this.#verbs[name] : undefined
    if (verb === undefined) throw new TypeError(`${name} is no verb of the shared memory`)
    return verb
  }
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/** The same, as a worker sees it. */
export class SharedMemoryClient {
  readonly stores: SharedStores
  readonly #tell: (word: FromWorker) => void
  readonly #waiting = new Map<number, Waiting>()
  readonly #watchers = new Set<() => void>()
  #calls = 0

  constructor(tell: (word: FromWorker) => void) {
    this.#tell = tell
    this.stores = this.#createStores()
  }

  /** Takes what the other side says. */
  hear(word: ToWorker): void {
    if (word.kind === 'reported') this.#watchers.forEach((watcher) => watcher())
    if (word.kind === 'answer') this.#settle(word.id)?.resolve(word.value)
    if (word.kind === 'failed') this.#settle(word.id)?.reject(new StoreUnavailable(word.message))
  }

  #createStores(): SharedStores {
    const call = <Result>(verb: string, ...given: readonly unknown[]) => this.#call(verb, given) as Promise<Result>
    return {
      nodes: {
        report: (report) => call('report', report),
        read: () => call('readReports'),
        remove: (node, serial) => call('removeReport', node, serial),
        watch: (onReport) => {
          const watcher = (): void => onReport()
          this.#watchers.add(watcher)
          return () => void this.#watchers.delete(watcher)
        },
      },
      counters: {
        take: (rule, subject, now) => call('take', rule, subject, now),
        giveBack: (rule, subject, windowEndsAt) => call('giveBack', rule, subject, windowEndsAt),
      },
      familiar: {
        knows: (account, group, now) => call('knows', account, group, now),
        remember: (account, group, until) => call('remember', account, group, until),
      },
    }
  }

  #call(verb: string, given: readonly unknown[]): Promise<unknown> {
    const id = ++this.#calls
    return new Promise((resolve, reject) => {
      const late = new StoreUnavailable('the process that started this worker does not answer')
      const timer = setTimeout(() => this.#settle(id)?.reject(late), PATIENCE_MS)
      this.#waiting.set(id, { resolve, reject, timer })
      this.#tell({ kind: 'call', id, verb, given })
    })
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    clearTimeout(waiting?.timer)
    return waiting
  }
}

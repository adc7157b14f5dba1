import type { Haste } from '../commands/stopping.ts'

/** What a worker says to the process that started it. */
export interface FromWorker {
  readonly kind: 'ready'
}

/** What that process says to a worker. */
export interface ToWorker {
  readonly kind: 'stop'
  readonly haste: Haste
}

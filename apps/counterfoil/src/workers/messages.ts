import type { Haste } from '../commands/stopping.ts'

/** What a worker says to the process that started it: that it serves. */
export type FromWorker = 'ready'

/** What that process says to a worker: to stop. */
export interface ToWorker {
  readonly haste: Haste
}

import type { Haste } from '../commands/stopping.ts'

/** What a worker says to the process that started it. */
export type FromWorker =
  | { readonly kind: 'ready' }
  /** Calls a verb of what the workers share. */
  | { readonly kind: 'call'; readonly id: number; readonly verb: string; readonly given: readonly unknown[] }

/** What that process says to a worker. */
export type ToWorker =
  | { readonly kind: 'stop'; readonly haste: Haste }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  /** Something has changed on the board of nodes. */
  | { readonly kind: 'reported' }

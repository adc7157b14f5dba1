import { StoreUnavailable } from '@counterfoil/core'
import type { Failure } from './failure.ts'

/** The one error that stores throw, with the failure of a write as its cause. */
export function unavailableFor({ message, code }: Failure): StoreUnavailable {
  const cause = code === undefined ? new Error(message) : Object.assign(new Error(message), { errcode: code })
  return new StoreUnavailable('the SQLite file did not confirm the write', { cause })
}

/** Asks the file on this thread, at once. Whatever it throws becomes a rejection with `StoreUnavailable`. */
export function answer<Answer>(ask: () => Answer): Promise<Answer> {
  try {
    return Promise.resolve(ask())
  } catch (cause) {
    return Promise.reject(new StoreUnavailable('the SQLite file cannot be read', { cause }))
  }
}

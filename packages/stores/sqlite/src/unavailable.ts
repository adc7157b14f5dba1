import { StoreUnavailable } from '@counterfoil/core'
import type { Failure } from './failure.ts'

/** The one error that stores throw, with the failure of a write as its cause. */
export function unavailableFor({ message, code }: Failure): StoreUnavailable {
  const cause = code === undefined ? new Error(message) : Object.assign(new Error(message), { errcode: code })
  return new StoreUnavailable('the SQLite file did not confirm the write', { cause })
}

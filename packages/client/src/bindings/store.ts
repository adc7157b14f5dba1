import type { Client, State } from '../index.ts'

/** A readable store, as Svelte, Solid and others take one: it calls back with the state, at once and at each change. */
export interface ClientStore {
  subscribe(listener: (state: State) => void): () => void
  /** The present state, for those that ask. */
  get(): State
}

/**
 * The state of a client as a plain store.
 *
 * @example
 * ```ts
 * const user = toStore(auth)
 * const stop = user.subscribe((state) => console.log(state.status))
 * ```
 */
export function toStore(auth: Client): ClientStore {
  return { subscribe: (listener) => auth.subscribe(listener), get: () => auth.state }
}

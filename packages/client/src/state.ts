import type { ClientError } from './client-error.ts'
import type { Account, Session } from './wire.ts'

/**
 * Why nobody is signed in: `none`, nobody was; `signed-out`, the user has signed out, in this tab or another; `ended`, the session was ended elsewhere or has
 * expired; `key-lost`, it is bound to a key that this browser no longer has.
 */
export type SignedOutReason = 'none' | 'signed-out' | 'ended' | 'key-lost'

/**
 * What is known of the user. `unknown` is never "signed out": nobody has been asked yet, or nobody could tell; or the issuer refuses to, because the client is
 * set up wrong, which `error` is about, for developers.
 */
export type State =
  | {
      readonly status: 'unknown'
      readonly because?: 'offline' | 'unavailable' | 'refused'
      readonly error?: ClientError
    }
  | { readonly status: 'signed-in'; readonly account: Account; readonly session: Session }
  | { readonly status: 'refreshing'; readonly account: Account; readonly session: Session }
  | { readonly status: 'signed-out'; readonly reason: SignedOutReason }

/** Whether somebody is signed in, as far as is known. */
export function isIn(state: State): state is Extract<State, { readonly account: Account }> {
  return 'account' in state
}

/** Holds the present state, and tells all who listen. */
export class StateHolder {
  readonly #listeners = new Set<(state: State) => void>()
  #state: State = { status: 'unknown' }

  get state(): State {
    return this.#state
  }

  set(next: State): void {
    if (JSON.stringify(next) === JSON.stringify(this.#state)) return
    this.#state = next
    for (const listener of this.#listeners) tell(listener, next)
  }

  /** The first state that is not `unknown`. @throws {ClientError} when the issuer refuses to tell. */
  known(): Promise<State> {
    return new Promise((resolve, reject) => {
      const listener = (state: State): void => {
        if (state.status !== 'unknown') resolve(state)
        else if (state.error === undefined) return
        else reject(state.error)
        this.#listeners.delete(listener)
      }
      this.subscribe(listener)
    })
  }

  subscribe(listener: (state: State) => void): () => void {
    this.#listeners.add(listener)
    tell(listener, this.#state)
    return () => void this.#listeners.delete(listener)
  }
}

/** A listener's mistake is its own: it is reported as that of an event's listener is, and keeps nobody from signing out. */
function tell(listener: (state: State) => void, state: State): void {
  try {
    listener(state)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

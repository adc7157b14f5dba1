import { useCallback, useSyncExternalStore } from 'react'
import type { Client, State } from '../index.ts'

const UNKNOWN: State = { status: 'unknown' }

/**
 * The state of a client in a React component. On a server, where nobody can know yet, it is `unknown`.
 *
 * @example
 * ```tsx
 * const state = useAuth(auth)
 * return state.status === 'signed-in' ? <Orders account={state.account} /> : <SignIn />
 * ```
 */
export function useAuth(auth: Client): State {
  const subscribe = useCallback((listener: () => void) => auth.subscribe(listener), [auth])
  return useSyncExternalStore(
    subscribe,
    () => auth.state,
    () => UNKNOWN,
  )
}

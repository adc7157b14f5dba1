import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'
import type { Client, State } from '../index.ts'

/**
 * The state of a client in a Vue component, or in any other effect scope; it stops with that.
 *
 * @example
 * ```ts
 * const state = useAuth(auth)
 * const name = computed(() => ('account' in state.value ? state.value.account.name : undefined))
 * ```
 */
export function useAuth(auth: Client): Readonly<ShallowRef<State>> {
  const state = shallowRef<State>(auth.state)
  onScopeDispose(auth.subscribe((next) => (state.value = next)))
  return state
}

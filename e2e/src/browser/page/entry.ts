import { createClient } from '@counterfoil/client'

/**
 * The page that tests act in: a client as the address says (`issuer`, `client_id`, `proof`), and what it has told since. Tests reach both through
 * `globalThis`.
 */
const wanted = new URLSearchParams(location.search)
const told: { readonly state: unknown; readonly at: number }[] = []
export const auth = createClient({
  issuer: wanted.get('issuer') ?? '',
  clientId: wanted.get('client_id') ?? '',
  proof: wanted.get('proof') === 'auto' ? 'auto' : 'off',
})
auth.subscribe((state) => {
  told.push({ state, at: performance.timeOrigin + performance.now() })
  document.title = state.status
})
Object.assign(globalThis, { auth, told })

import { createClient, type Client } from '@counterfoil/client'

/**
 * The page that tests act in: a client as the address says (`issuer`, `client_id`, `proof`, `asks_again`), and what it has told since. Tests reach both
 * through `globalThis`.
 */
const wanted = new URLSearchParams(location.search)
const told: { readonly state: unknown; readonly at: number }[] = []
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
/** The client waits for so long, or longer, before it asks once more who is signed in. */
const BACKOFF_MS = 250
/** With this, only an event makes a client ask again who could not find out. */
const waitToBeWoken = (ms: number): Promise<void> => {
  const { state } = auth
  const isLost = state.status === 'unknown' && state.because !== undefined && ms >= BACKOFF_MS
  return isLost ? new Promise(() => undefined) : sleep(ms)
}
export const auth: Client = createClient({
  issuer: wanted.get('issuer') ?? '',
  clientId: wanted.get('client_id') ?? '',
  proof: wanted.get('proof') === 'auto' ? 'auto' : 'off',
  ...(wanted.get('asks_again') === 'false' && { environment: { wait: waitToBeWoken } }),
})
auth.subscribe((state) => {
  told.push({ state, at: performance.timeOrigin + performance.now() })
  document.title = state.status
})
Object.assign(globalThis, { auth, told })

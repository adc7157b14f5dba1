import { createClient } from '@counterfoil/client'

/** Where the issuer and the API are, as the page's server says. */
interface Places {
  readonly issuer: string
  readonly api: string
}

const STRATEGIES = ['hybrid', 'stateful', 'stateless'] as const
type Strategy = (typeof STRATEGIES)[number]

/** What the page works with. */
export interface Shop extends Places {
  readonly strategy: Strategy
  readonly auth: ReturnType<typeof createClient>
  /** Asks the API with the user's credential. */
  ask(path: string, init?: RequestInit): Promise<Response>
}

/** Finds out where everything is, and makes the client. The code is the same for every strategy, but for one line. */
export async function openShop(): Promise<Shop> {
  const response = await fetch('/places.json')
  const { issuer, api } = (await response.json()) as Places
  const wanted = new URLSearchParams(location.search).get('strategy')
  const strategy = STRATEGIES.find((each) => each === wanted) ?? 'hybrid'
  const auth = createClient({ issuer, clientId: `shop-${strategy}`, origins: [api] })
  // A session cookie goes to the API by itself, where the API shares the issuer's host. Tokens are added by the client.
  const credentials = strategy === 'stateful' ? 'include' : 'same-origin'
  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    auth.fetch(`${api}${path}`, { credentials, ...init })
  return { issuer, api, strategy, auth, ask }
}

import { nodeTransport } from './feed/node-transport.ts'
import { fetchTransport, type Transport } from './feed/transport.ts'
import { findNodeModule } from './node-modules.ts'

/** How the issuer is reached for leases: with the `fetch` that was given, with node:http on Node, else with the platform's `fetch`. */
export function selectTransport(fetch: typeof globalThis.fetch, isGiven: boolean): Transport {
  if (isGiven) return fetchTransport(fetch)
  const [http, https] = [findNodeModule('node:http'), findNodeModule('node:https')]
  return http === undefined || https === undefined ? fetchTransport(fetch) : nodeTransport({ http, https })
}

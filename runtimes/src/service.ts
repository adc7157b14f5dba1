import { createVerifier, type Verifier } from '@counterfoil/verifier'
import { AUDIENCE, ISSUER } from './issuer.ts'

// A worker as its users write it: the verifier is made once, keys and leases come with the platform's own `fetch`, and one request after the
// other goes by what an earlier one brought.
let elapsed = 0

function make(): Verifier {
  return createVerifier({
    issuer: ISSUER,
    audience: AUDIENCE,
    clock: { now: () => Date.now() + elapsed, monotonic: () => performance.now() + elapsed },
    jwks: { timeoutMs: 1000 },
    feed: { key: 'key-of-this-verifier', mode: 'on-demand', timeoutMs: 1000 },
    onStale: 'reject',
  })
}

let refusal: string | undefined
let verifier: Verifier | undefined
try {
  verifier = make()
} catch (thrown) {
  refusal = String(thrown)
}

async function verify(request: Request): Promise<Response> {
  verifier ??= make()
  const decision = await verifier.verify(request.headers.get('authorization')?.slice(7))
  // What goes on after the answer has begun is to end with the session.
  const opensWork = request.headers.has('open') && decision.outcome === 'accepted'
  if (opensWork) decision.signal.addEventListener('abort', () => undefined)
  return Response.json(decision.outcome === 'accepted' ? 'accepted' : `${decision.outcome}, ${decision.reason}`)
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname === '/status') return Response.json({ refusal, ...verifier?.status() })
    elapsed += Number(request.headers.get('forward') ?? '0')
    return verify(request).catch((thrown: unknown) => Response.json(String(thrown)))
  },
}

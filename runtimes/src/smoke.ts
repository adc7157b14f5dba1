import { createVerifier, type Decision, type Verifier, type VerifierOptions } from '@counterfoil/verifier'
import { MemoryAuthority } from './authority.ts'
import { assertSame, runChecks, type Checks } from './checks.ts'
import { AUDIENCE, ISSUER, makeIssuer, TOKEN_ALGORITHMS, type Issuer } from './issuer.ts'
import type { Report } from './report.ts'

/** An authority, a verifier that follows it, and the time, which goes on when it is told to. */
interface Scene {
  readonly authority: MemoryAuthority
  readonly verifier: Verifier
  readonly token: string
  readonly forward: (ms: number) => void
}

async function open(mode: 'background' | 'on-demand'): Promise<Scene> {
  const issuer = await makeIssuer('EdDSA')
  const authority = new MemoryAuthority([issuer.jwk])
  let elapsed = 0
  const clock = { now: () => Date.now() + elapsed, monotonic: () => performance.now() + elapsed }
  const feed = { key: 'key-of-this-verifier', mode }
  const jwks = { keys: authority.keys }
  const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks, clock, feed, fetch: authority.fetch })
  return { authority, verifier, token: await issuer.sign(), forward: (ms) => void (elapsed += ms) }
}

function summarize(decision: Decision): string {
  if (decision.outcome === 'accepted') return `accepted, ${decision.fresh ? 'fresh' : 'not fresh'}`
  return `${decision.outcome}, ${decision.reason}`
}

function make(issuer: Issuer, more: Partial<VerifierOptions> = {}): Verifier {
  return createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [issuer.jwk] }, ...more })
}

function changePayload(token: string): string {
  const at = token.indexOf('.') + 20
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
}

const SIGNATURES: Checks = Object.fromEntries(
  TOKEN_ALGORITHMS.map((algorithm) => [
    `${algorithm}: accepts a token, and refuses it when it is changed or of another key`,
    async () => {
      const [issuer, stranger] = [await makeIssuer(algorithm), await makeIssuer(algorithm)]
      const verifier = make(issuer)
      const token = await issuer.sign()
      assertSame(summarize(await verifier.verify(token)), 'accepted, not fresh')
      assertSame(summarize(await verifier.verify(changePayload(token))), 'refused, untrusted')
      assertSame(summarize(await verifier.verify(await stranger.sign())), 'refused, untrusted')
      assertSame(summarize(await verifier.verify(await issuer.sign({ exp: 1 }))), 'refused, expired')
    },
  ]),
)

const CHECKS: Checks = {
  ...SIGNATURES,

  async 'takes a public key as this runtime exports it'() {
    const { exported, sign } = await makeIssuer('ES256')
    const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [exported] } })
    assertSame(summarize(await verifier.verify(await sign())), 'accepted, not fresh')
  },

  async 'takes keys over HTTP'() {
    const issuer = await makeIssuer('ES256')
    const authority = new MemoryAuthority([issuer.jwk])
    const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, fetch: authority.fetch })
    assertSame(summarize(await verifier.verify(await issuer.sign())), 'accepted, not fresh')
    assertSame(authority.keySets, 1)
  },

  async 'the engine of Node is not taken, and cannot be asked for'() {
    const issuer = await makeIssuer('EdDSA')
    const made = await Promise.resolve()
      .then(() => make(issuer, { engine: 'node' }))
      .catch((thrown: unknown) => thrown instanceof TypeError)
    assertSame(made, true)
  },

  async 'on demand: asks once for a lease, and obeys a revocation when the next one is due'() {
    const { authority, verifier, token, forward } = await open('on-demand')
    for (let round = 0; round < 3; round++) assertSame(summarize(await verifier.verify(token)), 'accepted, fresh')
    assertSame(authority.leases, 1)
    authority.revoke()
    forward(5000)
    assertSame(summarize(await verifier.verify(token)), 'refused, revoked')
    assertSame(authority.leases, 2)
    verifier.close()
  },

  async 'on demand: does as its route says while nobody answers, and recovers'() {
    const { authority, verifier, token, forward } = await open('on-demand')
    await verifier.verify(token)
    authority.isReachable = false
    forward(5000)
    assertSame(summarize(await verifier.verify(token, { onStale: 'reject' })), 'unknown, stale')
    assertSame(summarize(await verifier.verify(token, { onStale: 'accept' })), 'accepted, not fresh')
    authority.isReachable = true
    forward(5000)
    assertSame(summarize(await verifier.verify(token, { onStale: 'reject' })), 'accepted, fresh')
    verifier.close()
  },

  async 'in the background: is told of a revocation, which ends what is open'() {
    const { authority, verifier, token } = await open('background')
    const decision = await verifier.verify(token)
    if (decision.outcome !== 'accepted') throw new Error(summarize(decision))
    const { signal } = decision
    const ended = new Promise((resolve) => signal.addEventListener('abort', resolve))
    authority.revoke()
    await ended
    assertSame(summarize(await verifier.verify(token)), 'refused, revoked')
    verifier.close()
  },
}

/** Uses the verifier as it was built, with WebCrypto alone. */
export async function smoke(): Promise<Report> {
  return runChecks(CHECKS)
}

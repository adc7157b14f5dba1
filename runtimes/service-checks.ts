import { setTimeout as wait } from 'node:timers/promises'
import { ROUTES } from '@counterfoil/protocol'
import type { Miniflare } from 'miniflare'
import { Internet } from './internet.ts'
import { MemoryAuthority } from './src/authority.ts'
import { assertSame, runChecks, type Checks } from './src/checks.ts'
import { makeIssuer } from './src/issuer.ts'
import type { Report } from './src/report.ts'
import { startWorker } from './workerd.ts'

const PATIENCE_MS = 6000
const LEASE_MS = 5000
const KEYS_MS = 300_000
/** Longer than the pause after the first failure. */
const RETRY_MS = 2000

/** A worker in use: each call is a request of its own, some milliseconds later by the worker's clock. */
class Service {
  readonly internet: Internet
  readonly #worker: Miniflare
  readonly #token: string

  constructor(worker: Miniflare, internet: Internet, token: string) {
    this.#worker = worker
    this.internet = internet
    this.#token = token
  }

  /** What the worker decides about a token. */
  async decide(forwardMs = 0, more: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const headers = { authorization: `Bearer ${this.#token}`, forward: String(forwardMs), ...more }
    const response = this.#worker.dispatchFetch('http://localhost/', { headers }).then((answer) => answer.json())
    return Promise.race([response, within(PATIENCE_MS)])
  }

  /** Why no verifier could be made where the module is loaded. */
  async refusal(): Promise<unknown> {
    const response = await this.#worker.dispatchFetch('http://localhost/status')
    return Reflect.get(Object(await response.json()), 'refusal')
  }
}

async function within(ms: number): Promise<string> {
  return wait(ms, `no answer within ${ms} ms`, { ref: false })
}

async function use(file: string, act: (service: Service) => Promise<void>): Promise<void> {
  const issuer = await makeIssuer('EdDSA')
  const internet = new Internet(new MemoryAuthority([issuer.jwk]))
  const worker = startWorker(file, { internet })
  try {
    const exp = Math.floor(Date.now() / 1000) + 100_000
    await act(new Service(worker, internet, await issuer.sign({ exp })))
  } finally {
    await worker.dispose()
  }
}

type ServiceChecks = Readonly<Record<string, (service: Service) => Promise<void>>>

const CHECKS: ServiceChecks = {
  async 'a verifier is made where the module is loaded'(service) {
    assertSame(await service.refusal(), undefined)
  },

  async 'what one request has fetched serves the next'(service) {
    const { authority } = service.internet
    assertSame([await service.decide(), await service.decide()], ['accepted', 'accepted'])
    assertSame([authority.keySets, authority.leases], [1, 1])
  },

  async 'a later request renews the lease, and obeys what was revoked'(service) {
    const { authority } = service.internet
    assertSame([await service.decide(), await service.decide(LEASE_MS)], ['accepted', 'accepted'])
    authority.revoke()
    assertSame(await service.decide(LEASE_MS), 'refused, revoked')
    assertSame(authority.leases, 3)
  },

  async 'requests that wait for one lease all have their answer'(service) {
    await service.decide()
    const { arrived, release } = service.internet.hold(ROUTES.lease)
    const first = service.decide(LEASE_MS)
    await Promise.race([arrived, first])
    const others = Array.from({ length: 5 }, () => service.decide())
    // The others are under way when the answer comes.
    await wait(100)
    release()
    const accepted = Array.from({ length: 6 }, () => 'accepted')
    assertSame(await Promise.all([first, ...others]), accepted)
    assertSame(service.internet.authority.leases, 2)
  },

  async 'what one request has opened under a token disturbs no other'(service) {
    const open = { open: 'yes' }
    assertSame([await service.decide(0, open), await service.decide(0, open)], ['accepted', 'accepted'])
    assertSame(await service.decide(LEASE_MS, open), 'accepted')
    service.internet.authority.revoke()
    assertSame(await service.decide(LEASE_MS, open), 'refused, revoked')
  },

  async 'keys that a request asked for which is over by now do not hold up later ones'(service) {
    await service.decide()
    const { arrived, release } = service.internet.hold(ROUTES.jwks)
    // Old enough to be asked for again, young enough to go by.
    const asked = service.decide(KEYS_MS * 0.8)
    await Promise.race([arrived, asked])
    assertSame(await asked, 'accepted')
    release()
    assertSame([await service.decide(KEYS_MS), await service.decide()], ['accepted', 'accepted'])
  },

  async 'an issuer that sends no keys holds up requests for the time limit, and no longer'(service) {
    const { arrived } = service.internet.hold(ROUTES.jwks)
    const first = service.decide()
    await Promise.race([arrived, first])
    const outcomes = await Promise.all([first, service.decide()])
    assertSame(outcomes, ['unknown, keys-unavailable', 'unknown, keys-unavailable'])
    service.internet.hold('')
    assertSame(await service.decide(RETRY_MS), 'accepted')
  },

  async 'an issuer that grants no lease holds up requests for the time limit, and no longer'(service) {
    await service.decide()
    const { arrived } = service.internet.hold(ROUTES.lease)
    const first = service.decide(LEASE_MS)
    await Promise.race([arrived, first])
    assertSame(await Promise.all([first, service.decide()]), ['unknown, stale', 'unknown, stale'])
    service.internet.hold('')
    assertSame(await service.decide(RETRY_MS), 'accepted')
  },
}

/** Uses a worker as its users would, over several requests. */
export async function checkService(file: string): Promise<Report> {
  const checks: Checks = Object.fromEntries(
    Object.entries(CHECKS).map(([name, act]) => [name, () => use(file, act)] as const),
  )
  return { ...(await runChecks(checks)), runtime: 'workerd' }
}

import { Fleet } from './fleet.ts'
import { Installation } from './installation.ts'
import type { Scale } from './scale.ts'
import { TcpProxy } from '@counterfoil/testbed'

/** Whether there is a proxy between the server and the first of the worker processes. */
type Way = 'direct' | 'through proxy'

/** A server, verifiers that follow it, and a proxy that may be between. */
export interface Stage {
  readonly installation: Installation
  readonly fleet: Fleet
  readonly proxy: TcpProxy
  readonly leaseMs: number
  stop(): Promise<void>
}

/** Starts everything; resolves when every verifier holds a lease and hears pushes. */
export async function openStage({ processes, verifiersEach }: Scale, leaseSeconds: number, way: Way): Promise<Stage> {
  const installation = await Installation.start(leaseSeconds)
  const proxy = await TcpProxy.open(installation.port)
  const fleet = new Fleet(processes)
  const stop = async (): Promise<void> => {
    await fleet.stop()
    await proxy.close()
    await installation.stop()
  }
  try {
    const { url: issuer, verifierKey: key } = installation
    const order = { count: verifiersEach, issuer, key, keys: await installation.keys() }
    await Promise.all(
      fleet.workers.map((worker, at) =>
        worker.ask('open', { ...order, proxyPort: way === 'through proxy' && at === 0 ? proxy.port : undefined }),
      ),
    )
    return { installation, fleet, proxy, leaseMs: leaseSeconds * 1000, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A server that has just started waits for leases of the process before, and measures nothing else as long as it does. */
export async function waitOutTheStart({ installation }: Stage): Promise<void> {
  await installation.revoke(await installation.signIn(), 'everywhere')
}

import { createServer, type CounterfoilServer } from '@counterfoil/server'
import type { Configuration } from '../config/configuration.ts'
import type { Listen } from '../config/network.ts'
import { openInstallation, underSecret, type Installation } from '../installation/installation.ts'
import type { Log } from '../terminal/log.ts'
import { listening } from './listening.ts'
import { DRAIN_MS, type Stoppable } from './stopping.ts'

/** Opens the stores and listens. @throws {CommandFailure} */
export async function startNode(configuration: Configuration, log: Log): Promise<Stoppable> {
  const installation = await openInstallation(configuration, { make: true, log, patient: true })
  try {
    const server = await underSecret(configuration, () => makeServer(configuration, installation, log))
    return await open(server, installation, configuration.listen)
  } catch (error) {
    await installation.stores.close()
    throw error
  }
}

async function open(server: CounterfoilServer, { stores }: Installation, where: Listen): Promise<Stoppable> {
  try {
    await listening(where, () => server.listen(where))
  } catch (error) {
    await server.close()
    throw error
  }
  const close = async (): Promise<void> => {
    await server.close({ withinMs: DRAIN_MS })
    await stores.close()
  }
  return { drain: () => server.drain(), close }
}

function makeServer(
  configuration: Configuration,
  { stores, secret }: Installation,
  { logger }: Log,
): Promise<CounterfoilServer> {
  const { issuer, policy, applications, verifiers, trustedProxies, gatewayOrigins, signUp, pages } = configuration
  const { close: _close, ...parts } = stores
  const settings = { issuer, policy, applications, verifiers, trustedProxies, gatewayOrigins, signUp, pages }
  return createServer({ ...parts, ...settings, secret, logger })
}

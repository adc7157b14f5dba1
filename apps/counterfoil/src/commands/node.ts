import { createServer, type CounterfoilServer } from '@counterfoil/server'
import type { Configuration } from '../config/configuration.ts'
import { showListen, type Listen } from '../config/network.ts'
import { CommandFailure } from '../failure.ts'
import { openInstallation, underSecret, type Installation } from '../installation/installation.ts'
import { systemCode } from '../system-code.ts'
import type { Log } from '../terminal/log.ts'
import { DRAIN_MS, type Stoppable } from './stopping.ts'

/** Opens the stores and listens. @throws {CommandFailure} */
export async function startNode(configuration: Configuration, log: Log): Promise<Stoppable> {
  const installation = await openInstallation(configuration, { make: true, log, patient: true })
  try {
    const server = await underSecret(configuration, () => makeServer(configuration, installation, log))
    await listen(server, configuration.listen)
    return {
      drain: () => server.drain(),
      close: async () => {
        await server.close({ withinMs: DRAIN_MS })
        await installation.stores.close()
      },
    }
  } catch (error) {
    await installation.stores.close()
    throw error
  }
}

function makeServer(
  configuration: Configuration,
  { stores, secret }: Installation,
  { logger }: Log,
): Promise<CounterfoilServer> {
  const { issuer, policy, applications, verifiers, trustedProxies, signUp } = configuration
  const { close: _close, ...parts } = stores
  const settings = { issuer, policy, applications, verifiers, trustedProxies, signUp }
  return createServer({ ...parts, ...settings, secret, logger })
}

async function listen(server: CounterfoilServer, address: Listen): Promise<void> {
  try {
    await server.listen(address)
  } catch (error) {
    await server.close()
    const reason = explain(error, address)
    if (reason === undefined) throw error
    throw new CommandFailure(`cannot listen on ${showListen(address)}: ${reason}`)
  }
}

function explain(error: unknown, { host, port }: Listen): string | undefined {
  switch (systemCode(error)) {
    case 'EADDRINUSE': {
      const other = showListen({ host, port: port === 65_535 ? 7500 : port + 1 })
      return `the port is taken by another program; stop it, or set listen to another port, such as ${other}`
    }
    case 'EACCES':
      return 'this user may not use that port; set listen to one above 1023'
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'this machine has no such address; set listen to one that it has, such as 127.0.0.1 or 0.0.0.0'
    case undefined:
    default:
      return undefined
  }
}

import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findFreePorts, makeScratchFolder, ServerProcess } from '@counterfoil/testbed'
import { describeGateway, describeIssuer, SERVICES } from './settings.ts'

const COUNTERFOIL = join(import.meta.dirname, '../../../apps/counterfoil/bin/counterfoil.js')
const SERVICE = join(import.meta.dirname, 'service.js')

/** Everything, running. */
export interface Edge {
  /** Where clients go. */
  readonly url: string
  /** The configurations that were made: read them. */
  readonly folder: string
  close(): Promise<void>
}

/** Starts the issuer, the gateway before it, and two services that take no other token than their own. */
export async function startEdge(): Promise<Edge> {
  const [issuer = 0, gateway = 0, orders = 0, invoices = 0] = await findFreePorts(4)
  const ports = { issuer, gateway, orders, invoices }
  const folder = makeScratchFolder('edge')
  const key = randomBytes(32).toString('base64url')
  const url = `http://localhost:${gateway}`
  writeFileSync(join(folder.path, 'counterfoil.toml'), describeIssuer(ports, key), { mode: 0o600 })
  writeFileSync(join(folder.path, 'gateway.toml'), describeGateway(ports, key), { mode: 0o600 })
  const programs = [
    { args: [COUNTERFOIL, 'serve', '--config', 'counterfoil.toml'], up: `http://localhost:${issuer}/readyz` },
    ...SERVICES.map(({ name, audience }) => ({
      args: [SERVICE, name, String(ports[name]), `${url}/.counterfoil`, audience],
      up: `http://localhost:${ports[name]}/${name}`,
    })),
    { args: [COUNTERFOIL, 'gateway', '--config', 'gateway.toml'], up: `${url}/readyz` },
  ]
  const running: ServerProcess[] = []
  const close = async (): Promise<void> => {
    for (const each of running.toReversed()) await each.stop('SIGINT')
    folder.remove()
  }
  try {
    for (const { args, up } of programs) {
      const started = new ServerProcess({ command: process.execPath, args, cwd: folder.path })
      running.push(started)
      await started.ready(() => answers(up))
    }
    return { url, folder: folder.path, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Whatever the answer is, somebody gave it. */
function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ status }) => status !== 502,
    () => false,
  )
}

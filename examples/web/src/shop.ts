import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { join } from 'node:path'
import { findFreePorts, makeScratchFolder, ServerProcess } from '@counterfoil/testbed'
import { createVerifier } from '@counterfoil/verifier'
import { createShopApi } from './api/api.ts'
import { createPageServer } from './page-server.ts'
import { describeIssuer, type Places } from './settings.ts'

const COUNTERFOIL = join(import.meta.dirname, '../../../apps/counterfoil/bin/counterfoil.js')

/** Everything, running. */
export interface Shop extends Places {
  close(): Promise<void>
}

/** Starts the issuer, the shop's API and the server of its page, each on an origin of its own. */
export async function startShop(): Promise<Shop> {
  const [issuerPort = 0, apiPort = 0, webPort = 0] = await findFreePorts(3)
  const places = {
    issuer: `http://localhost:${issuerPort}`,
    api: `http://localhost:${apiPort}`,
    web: `http://localhost:${webPort}`,
  }
  const folder = makeScratchFolder('web')
  const key = randomBytes(32).toString('base64url')
  writeFileSync(join(folder.path, 'counterfoil.toml'), describeIssuer(places, issuerPort, key), { mode: 0o600 })
  const args = [COUNTERFOIL, 'serve', '--config', 'counterfoil.toml']
  const issuer = new ServerProcess({ command: process.execPath, args, cwd: folder.path })
  await issuer.ready(() => isReady(places.issuer))
  // Verification asks nobody; with the feed, sockets and requests end within milliseconds of a sign-out.
  const verifier = createVerifier({ issuer: places.issuer, audience: places.api, feed: { key } })
  const api = createShopApi(verifier, places.web)
  const pages = await createPageServer(places)
  await Promise.all([listen(api.server, apiPort), listen(pages, webPort)])
  const close = async (): Promise<void> => {
    pages.close()
    pages.closeAllConnections()
    api.close()
    verifier.close()
    await issuer.stop('SIGINT')
    folder.remove()
  }
  return { ...places, close }
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
}

function isReady(issuer: string): Promise<boolean> {
  return fetch(`${issuer}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  )
}

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { findFreePorts } from '@counterfoil/testbed'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { COMMAND, makeFolder, until } from '../harness.ts'
import { answerTo, ask, open } from './ask.ts'
import { DIGESTS, digestOf, writePieces } from './bulk.ts'
import { makeCertificate } from './certificate.ts'
import { configurationText, routeText } from './gateway-process.ts'
import { Issuer } from './issuer.ts'
import { Service } from './service.ts'

/** What stopping may take when nothing is under way any more. */
const PROMPTLY_MS = 5000

const folder = makeFolder()
let issuer: Issuer
let service: Service
let sockets: WebSocketServer
let download: ServerResponse | undefined

beforeAll(async () => {
  service = await Service.start((request, response) => {
    if (request.url !== '/download') return void response.end('served')
    download = response.writeHead(200)
    download.flushHeaders()
  })
  sockets = new WebSocketServer({ server: service.server })
  issuer = await Issuer.start(folder.path)
})

afterAll(async () => {
  sockets.close()
  await issuer[Symbol.asyncDispose]()
  await service[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

/** A gateway whose exit code is of interest. */
interface Running {
  readonly port: number
  readonly child: ChildProcess
  readonly stop: () => Promise<{ readonly code: unknown; readonly ms: number }>
}

async function start(tables: string): Promise<Running> {
  const [port = 0, operations = 0] = await findFreePorts(2)
  const file = join(folder.path, `${port}.toml`)
  const plan = { folder: folder.path, issuer: issuer.url, tables: tables + routeText('/', [service.url]) }
  writeFileSync(file, configurationText(plan, port, operations))
  const child = spawn(process.execPath, [COMMAND, 'gateway', '--config', file], { cwd: folder.path, stdio: 'ignore' })
  const isReady = async (): Promise<true | undefined> => {
    const answer = await fetch(`http://127.0.0.1:${operations}/readyz`).catch(() => undefined)
    return answer?.status === 200 ? true : undefined
  }
  await until(isReady)
  const stop = async (): Promise<{ code: unknown; ms: number }> => {
    const begunAt = performance.now()
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    const [code] = (await exited) as [unknown]
    return { code, ms: performance.now() - begunAt }
  }
  return { port, child, stop }
}

const signedIn = () => ({ authorization: issuer.authorization })

test('SIGTERM lets what is under way finish, takes nothing new, and ends with 0', async () => {
  const { port, stop } = await start('')
  const url = `http://localhost:${port}`
  const asked = open(`${url}/download`, { headers: signedIn() })
  asked.end()
  const response = await answerTo(asked)
  const idle = connect(port, '127.0.0.1')
  await once(idle, 'connect')
  const socket = new WebSocket(`ws://localhost:${port}/socket`, { headers: signedIn() })
  await once(socket, 'open')
  const socketClosed = once(socket, 'close')
  const stopped = stop()
  await until(() =>
    ask(`${url}/small`, { headers: signedIn() }).then(
      () => undefined,
      () => true,
    ),
  )
  await socketClosed
  const [digest] = await Promise.all([digestOf(response), download && writePieces(download, 64)])
  expect(digest).toBe(DIGESTS[64])
  const { code, ms } = await stopped
  expect(code).toBe(0)
  expect(ms).toBeLessThan(PROMPTLY_MS)
  idle.destroy()
})

test('SIGTERM does not wait for an HTTP/2 session that asks for nothing', async () => {
  const { certificate } = makeCertificate(folder.path)
  const { port, stop } = await start('[tls]\ncertificate = "cert.pem"\nkey = "key.pem"\n')
  const session = connectHttp2(`https://localhost:${port}`, { ca: certificate })
  const stream = session.request({ ':path': '/small', ...signedIn() }).end()
  expect(String(await stream.toArray())).toBe('served')
  const { code, ms } = await stop()
  expect(code).toBe(0)
  expect(ms).toBeLessThan(PROMPTLY_MS)
  session.destroy()
})

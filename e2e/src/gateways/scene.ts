import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { ROUTES } from '@counterfoil/protocol'
import { send, signIn, signUp, textIn } from '../client.ts'
import { freePort, makeFolder } from '../harness.ts'
import { startIssuer, startService, type Service } from './setting.ts'
import type { Subject } from './subjects.ts'

/** Whose account the issuer knows. */
export const VISITOR = 'ada@example.com'

/** What came back for one request that was written by hand. */
export interface Reply {
  /** 0: the connection was closed without an answer. */
  readonly status: number
  readonly text: string
}

/** A gateway between a service and an issuer that knows one account. */
export interface Scene {
  readonly service: Service
  /** Where clients reach the gateway, and the issuer by its name. */
  readonly origin: string
  /** Where the issuer is reached without the gateway. */
  readonly issuerUrl: string
  /** An `Authorization` header with an access token of the application; `app` when none is named. */
  bearer(application?: string): Promise<string>
  /** The session cookie, `name=value`. */
  cookie(): Promise<string>
  /** Sends one request with exactly these lines, each byte as a character of Latin-1; `Host` is the gateway's unless they name one. */
  ask(target: string, ...lines: readonly string[]): Promise<Reply>
  stop(): Promise<void>
}

/** How long an answer may take. */
const PATIENCE_MS = 15_000

function exchange(port: number, text: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let got = ''
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error(`no answer to ${text}`)))
    socket.setEncoding('latin1').on('data', (part: string) => (got += part))
    socket.on('error', (error) => (got === '' ? reject(error) : resolve(read(got))))
    socket.on('close', () => resolve(read(got)))
    socket.write(Buffer.from(text, 'latin1'))
  })
}

function read(text: string): Reply {
  return { status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 0), text }
}

async function savePublicKey(issuerUrl: string, path: string): Promise<void> {
  const { body } = await send(issuerUrl, ROUTES.jwks)
  const [key] = body['keys'] as readonly JsonWebKey[]
  if (key === undefined) throw new Error('the issuer publishes no key')
  writeFileSync(path, createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }))
}

/** Starts all three, and resolves when the gateway lets in who has a good credential. `policy` is more of the issuer's policy. */
export async function openScene(subject: Subject, policy?: string): Promise<Scene> {
  const folder = makeFolder()
  const port = await freePort()
  const name = `http://localhost:${port}`
  const service = await startService()
  const issuer = await startIssuer(folder.path, name, subject.signing, policy)
  const visitor = { url: `http://127.0.0.1:${issuer.port}`, email: VISITOR }
  await savePublicKey(visitor.url, join(folder.path, 'issuer.pem'))
  const gateway = subject.start({
    folder: folder.path,
    port,
    issuerPort: issuer.port,
    servicePort: service.port,
    issuer: name,
  })
  const made = await signUp(visitor)
  if (made.status !== 201) throw new Error(`no account: ${made.status}`)
  const scene: Scene = {
    service,
    origin: name,
    issuerUrl: visitor.url,
    bearer: async (application = 'app') =>
      `Authorization: Bearer ${textIn(await signIn(visitor, application), 'access_token') ?? ''}`,
    cookie: async () => (await signIn(visitor, 'web')).headers.get('set-cookie')?.split(';')[0] ?? '',
    ask: (target, ...lines) =>
      exchange(port, [`GET ${target} HTTP/1.1`, ...whole(lines, `localhost:${port}`), '', ''].join('\r\n')),
    stop: async () => {
      await gateway.stop('SIGKILL')
      await issuer.stop('SIGKILL')
      service.close()
      folder[Symbol.dispose]()
    },
  }
  const good = await scene.bearer()
  await gateway.ready(() =>
    scene.ask('/ready', good).then(
      ({ status }) => status === 200,
      () => false,
    ),
  )
  service.arrived.length = 0
  return scene
}

/** One request for each connection, and for this host, unless the lines say something about it themselves. */
function whole(lines: readonly string[], host: string): readonly string[] {
  const says = (name: RegExp): boolean => lines.some((line) => name.test(line))
  return [
    ...(says(/^host:/i) ? [] : [`Host: ${host}`]),
    ...lines,
    ...(says(/^connection:/i) ? [] : ['Connection: close']),
  ]
}

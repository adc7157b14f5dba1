import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { ROUTES, SESSION_COOKIE } from '@counterfoil/protocol'
import { ServerProcess } from '@counterfoil/testbed'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { begin, heldFrom, send, signIn, whoAmI, type Answer, type Held } from './client.ts'
import { COMMAND, freePort, makeFolder, QUICK, startServer, until, type RunningServer } from './harness.ts'

const EXAMPLE = join(import.meta.dirname, '../../examples/python-service')
const VERIFIER_KEY = 'the-key-of-the-sidecar-in-this-test'
const EMAIL = 'ada@example.com'
const LEASE_MS = 2000

/** A lease, and by how much a clock may run too slow. */
const BOUND_MS = LEASE_MS * 1.001

const hasPython = spawnSync('python3', ['--version']).status === 0
const canRun = hasPython || process.env['CI'] === 'true'
if (!canRun) console.warn('SKIPPED: the sidecar is not tested here: there is no python3 (Debian: python3)')

/** The example as it is shipped, with the addresses of this run. */
function settingsFor(issuer: string, port: number, folder: string): string {
  return readFileSync(join(EXAMPLE, 'gateway.toml'), 'utf8')
    .replace('http://localhost:7500', issuer)
    .replace('127.0.0.1:8080', `127.0.0.1:${port}`)
    .replace('/tmp/greetings', join(folder, 'greetings'))
}

/** When a request was sent, and what came back. */
interface Tried {
  readonly sentAt: number
  readonly answer: Answer
}

describe.skipIf(!canRun)('a Python service with the gateway as its sidecar', () => {
  const folder = makeFolder()
  /** Of what has been started, whatever has become of the rest. */
  const closers: (() => Promise<unknown>)[] = []
  let issuer: RunningServer
  let service: ServerProcess
  let gateway: ServerProcess
  let url: string
  let accountId: string
  let bearer: Held
  let cookie: Held

  const startService = async (): Promise<void> => {
    const args = [join(EXAMPLE, 'service.py'), join(folder.path, 'greetings/service.sock')]
    const started = new ServerProcess({ command: 'python3', args })
    service = started
    closers.push(() => started.stop('SIGKILL'))
    await service.ready(() => service.output.includes('listening on'))
  }

  const startGateway = async (): Promise<void> => {
    const port = await freePort()
    const file = join(folder.path, 'gateway.toml')
    writeFileSync(file, settingsFor(issuer.url, port, folder.path))
    const args = [COMMAND, 'gateway', '--config', file]
    const env = { COUNTERFOIL_GATEWAY_VERIFIER_KEY: VERIFIER_KEY }
    gateway = new ServerProcess({ command: process.execPath, args, cwd: folder.path, env })
    closers.push(() => gateway.stop('SIGKILL'))
    await gateway.ready(() => gateway.output.includes('Counterfoil gateway is ready'))
    url = `http://localhost:${port}`
  }

  beforeAll(async () => {
    const verifiers = `[policy]\nlease_seconds = ${LEASE_MS / 1000}\n[[verifiers]]\nname = "sidecar"\nkey = "${VERIFIER_KEY}"\n`
    writeFileSync(join(folder.path, 'issuer.toml'), verifiers)
    issuer = await startServer({ folder: folder.path, environment: QUICK }, ['--config', 'issuer.toml'])
    closers.push(() => issuer.stop('SIGKILL'))
    await startService()
    await startGateway()
    bearer = await begin({ url: issuer.url, email: EMAIL }, 'hybrid')
    cookie = heldFrom(await signIn({ url: issuer.url, email: EMAIL }, 'stateful'))
    const { body } = await whoAmI(issuer.url, bearer.bearer)
    accountId = (body['account'] as { readonly id: string }).id
  })

  afterAll(async () => {
    for (const close of closers) await close()
    folder[Symbol.dispose]()
  })

  const carrying = {
    cookie: ({ bearer: text }: Held) => ({ cookie: `${SESSION_COOKIE}=${text}` }),
    bearer: ({ bearer: text }: Held) => ({ authorization: `Bearer ${text}` }),
  }

  const ask = (headers: Readonly<Record<string, string>>, path = '/'): Promise<Answer> => send(url, path, { headers })

  /** Asks again and again until the status is another one; all that was asked. */
  const askWhile = async (status: number, headers: Readonly<Record<string, string>>): Promise<readonly Tried[]> => {
    const tried: Tried[] = []
    await until(async () => {
      const sentAt = performance.now()
      const answer = await ask(headers)
      tried.push({ sentAt, answer })
      return answer.status === status ? undefined : answer
    })
    return tried
  }

  test('takes no more than ten lines, and a socket that nobody else may open', () => {
    const lines = readFileSync(join(EXAMPLE, 'gateway.toml'), 'utf8').trimEnd().split('\n')
    expect(lines.length).toBeLessThanOrEqual(10)
    expect(statSync(join(folder.path, 'greetings/service.sock')).mode & 0o777).toBe(0o600)
  })

  test.each(['cookie', 'bearer'] as const)('greets the account of who is signed in by %s', async (carrier) => {
    const held = carrier === 'cookie' ? cookie : bearer
    const { status, body } = await ask(carrying[carrier](held))
    expect(status).toBe(200)
    expect(body).toEqual({
      greeting: `Hello, ${accountId}!`,
      account: accountId,
      session: held.sessionId,
      client: carrier === 'cookie' ? 'stateful' : 'hybrid',
      roles: [],
    })
  })

  test('does not see a request without a credential: 401', async () => {
    const { status, headers, body } = await ask({}, '/nobody')
    expect(status).toBe(401)
    expect(headers.get('www-authenticate')).toMatch(/^Bearer/)
    expect(headers.get('content-type')).toContain('application/problem+json')
    expect(body).not.toHaveProperty('greeting')
    expect(service.output).not.toContain('/nobody')
  })

  test.each(['X-Account-Id', 'x-account-id', 'X_Account_Id', 'X-Account_ID'])(
    'does not believe a %s of the caller',
    async (name) => {
      const forged = { [name]: 'mallory', 'X-Roles': 'admin', 'X-Session-Id': 'forged', 'X-Client-Id': 'forged' }
      const known = await ask({ ...forged, ...carrying.bearer(bearer) })
      expect(known.status).toBe(200)
      expect(known.body).toMatchObject({ account: accountId, session: bearer.sessionId, client: 'hybrid', roles: [] })
      expect((await ask(forged, '/forged')).status).toBe(401)
      expect(service.output).not.toContain('/forged')
    },
  )

  test('turns away what did not come by way of the gateway', async () => {
    const sent = request({ socketPath: join(folder.path, 'greetings/service.sock'), path: '/' }).end()
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    answer.resume()
    expect(answer.statusCode).toBe(403)
  })

  test.each(['cookie', 'bearer'] as const)('refuses who has signed out, by %s, within the bound', async (carrier) => {
    const held = heldFrom(await signIn({ url: issuer.url, email: EMAIL }, carrier === 'cookie' ? 'stateful' : 'hybrid'))
    const headers = carrying[carrier](held)
    expect((await ask(headers)).status).toBe(200)
    const ended = await send(issuer.url, ROUTES.currentSession, { method: 'DELETE', bearer: held.bearer })
    const endedAt = performance.now()
    expect(ended.status).toBe(200)
    const tried = await askWhile(200, headers)
    expect(tried.at(-1)?.answer.status).toBe(401)
    for (const { sentAt } of tried.slice(0, -1)) expect(sentAt - endedAt).toBeLessThanOrEqual(BOUND_MS)
    // Others of the account go on.
    expect((await ask(carrying.bearer(bearer))).status).toBe(200)
  })

  test('that is stopped is a 502, and served again when it is back', async () => {
    await service.stop('SIGKILL')
    const { status, headers, body } = await ask(carrying.bearer(bearer))
    expect(status).toBe(502)
    expect(headers.get('content-type')).toContain('application/problem+json')
    expect(body).toHaveProperty('code')
    expect((await ask({})).status).toBe(401)
    await startService()
    const tried = await askWhile(502, carrying.bearer(bearer))
    expect(tried.at(-1)?.answer).toMatchObject({ status: 200, body: { account: accountId } })
  })

  test('is served for the rest of a lease when the issuer has stopped, then 503, and nobody is signed out', async () => {
    const both = [carrying.cookie(cookie), carrying.bearer(bearer)]
    for (const headers of both) expect((await ask(headers)).status).toBe(200)
    await issuer.stop('SIGKILL')
    const stoppedAt = performance.now()
    await Promise.all(
      both.map(async (headers) => {
        const tried = await askWhile(200, headers)
        expect(tried.length).toBeGreaterThan(1)
        for (const { sentAt } of tried.slice(0, -1)) expect(sentAt - stoppedAt).toBeLessThanOrEqual(BOUND_MS)
        const last = tried.at(-1)?.answer
        expect(last?.status).toBe(503)
        expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0)
        expect(last?.headers.get('set-cookie')).toBeNull()
      }),
    )
    expect((await ask({})).status).toBe(401)
  })
})

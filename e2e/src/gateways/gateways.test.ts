import { createHash, createPublicKey, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { ServerProcess } from '@counterfoil/testbed'
import { afterAll, beforeAll, beforeEach, describe, expect, it, type TestContext } from 'vitest'
import { freePort, makeFolder, QUICK, startServer, until, type RunningServer } from '../harness.ts'
import { startIssuer, startService, type Arrived, type Service } from './setting.ts'
import { subjectsHere, type Gaps, type Subject } from './subjects.ts'

const ACCOUNT = { email: 'ada@example.com', password: 'nine herons over the bay' }
const NAMES = ['X-Account-Id', 'X-Session-Id', 'X-Client-Id', 'X-Roles', 'X-Access-Token']

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

type Headers = Readonly<Record<string, string | readonly string[]>>

/** One request, with headers as they are written. */
function send(
  url: string,
  options: { method?: string; headers?: Headers; body?: Buffer | readonly Buffer[] } = {},
): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = options
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      url,
      { method, headers: headers as Record<string, string>, agent: false },
      (incoming) => {
        let text = ''
        incoming.setEncoding('utf8').on('data', (part: string) => (text += part))
        incoming
          .on('error', reject)
          .on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }))
      },
    )
    outgoing.on('error', reject)
    if (Array.isArray(body)) for (const part of body) outgoing.write(part)
    else if (body !== undefined) outgoing.write(body)
    outgoing.end()
  })
}

function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let got = ''
    const done = (): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(got)
    }
    const timer = setTimeout(done, 400)
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1')
      timer.refresh()
    })
    socket.on('error', done).on('close', done)
    socket.write(Buffer.from(text, 'latin1'))
  })
}

describe.each(subjectsHere())('$name', (subject: Subject) => {
  const folder = makeFolder()
  let issuer: RunningServer
  let service: Service
  let gateway: ServerProcess
  let port = 0
  let url = ''

  beforeAll(async () => {
    port = await freePort()
    url = `http://127.0.0.1:${port}`
    service = await startService()
    const name = `http://localhost:${port}`
    issuer = await startIssuer(folder.path, name, subject.signing)
    if (subject.signing === 'ES256') writeFileSync(join(folder.path, 'issuer.pem'), await publicKeyOf(issuer))
    gateway = subject.start({
      folder: folder.path,
      port,
      issuerPort: issuer.port,
      servicePort: service.port,
      issuer: name,
    })
    await gateway.ready(() => answers(url))
    await post('/accounts', ACCOUNT)
    // Whoever follows the log has to be there first.
    if (subject.program === undefined)
      await until(async () => ((await visit(await bearer())).status === 200 ? true : undefined))
  })

  afterAll(async () => {
    // Caddy waits for streams that nobody reads any more.
    service.close()
    await gateway.stop('SIGTERM')
    await issuer.stop('SIGINT')
    folder[Symbol.dispose]()
  })

  beforeEach(() => void (service.arrived.length = 0))

  const post = (path: string, json: object): Promise<Answer> =>
    send(`http://127.0.0.1:${issuer.port}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(json)),
    })
  const signIn = (application: string): Promise<Answer> => post('/sessions', { ...ACCOUNT, client_id: application })
  const memberOf = ({ text }: Answer, name: string): string =>
    String((JSON.parse(text) as Record<string, unknown>)[name])
  const bearer = async (): Promise<Headers> => ({
    authorization: `Bearer ${memberOf(await signIn('app'), 'access_token')}`,
  })
  const cookie = async (): Promise<Headers> => ({
    cookie: (await signIn('web')).headers['set-cookie']?.[0]?.split(';')[0] ?? '',
  })
  const visit = (headers: Headers, path = '/protected/x'): Promise<Answer> => send(url + path, { headers })
  const arrivedLast = (): Arrived => {
    const last = service.arrived.at(-1)
    if (last === undefined) throw new Error('nothing came to the service')
    return last
  }
  const headerOf = (name: string): string[] =>
    arrivedLast().headers.flatMap(([each, value]) => (each === name ? [value] : []))
  const needs = (context: TestContext, gap: keyof Gaps): void => {
    const why = subject.gaps[gap]
    if (why !== undefined) context.skip(why)
  }

  it('lets pass who has an access token, and tells the service who that is', async () => {
    expect((await visit(await bearer())).status).toBe(200)
    expect(headerOf('x-account-id')).toEqual([expect.stringMatching(/^[\w-]{22}$/)])
    expect(headerOf('x-session-id')).toEqual([expect.stringMatching(/^[\w-]{22}$/)])
    expect(headerOf('x-client-id')).toEqual(['app'])
    expect(headerOf('authorization')).toEqual([])
  })

  it('lets pass who has a session cookie or token, and it is the same account', async (context) => {
    needs(context, 'cookies')
    await visit(await bearer())
    const account = headerOf('x-account-id')
    const token = `Bearer ${memberOf(await signIn('stateful'), 'session_token')}`
    for (const headers of [await cookie(), { authorization: token }]) {
      expect((await visit({ ...headers, 'x-other': 'kept' })).status).toBe(200)
      expect(headerOf('x-account-id')).toEqual(account)
      expect(headerOf('x-other')).toEqual(['kept'])
    }
  })

  it('hands on the cookies that are not the session’s', async (context) => {
    needs(context, 'cookies')
    const { cookie: own } = await cookie()
    expect((await visit({ cookie: `a=1; ${String(own)}; b=2` })).status).toBe(200)
    expect(headerOf('cookie').join()).not.toContain('cfs_')
    expect(headerOf('cookie').join()).toMatch(/a=1;.*b=2/)
  })

  it('RFC 9700 4.13 lets no client say who it is, in any spelling, on any route', async () => {
    const forged: Record<string, string | string[]> = {}
    for (const name of NAMES) {
      forged[name] = ['eve', 'eve2']
      forged[name.replaceAll('-', '_')] = 'eve'
      forged[name.toLowerCase().replace('-', '_')] = 'eve'
    }
    const credential = await bearer()
    for (const path of ['/protected/x', '/open']) {
      for (const connection of ['close', 'close, X-Account-Id, X-Roles']) {
        await send(url + path, { headers: { ...credential, ...forged, connection } })
        for (const { headers } of service.arrived)
          expect(headers.filter(([, value]) => value.includes('eve'))).toEqual([])
      }
    }
    expect(service.arrived.length).toBeGreaterThan(0)
  })

  it('tells 401 with a challenge to who has no credential, or none that is good', async () => {
    const good = String((await bearer())['authorization'])
    const refresh = memberOf(await signIn('app'), 'refresh_token')
    const [head = '', payload = '', signature = ''] = good.slice(7).split('.')
    const other = Buffer.from(
      JSON.stringify({ ...(JSON.parse(Buffer.from(payload, 'base64url').toString()) as object), sub: 'eve' }),
    )
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')
    for (const authorization of [
      undefined,
      'Bearer ',
      'Bearer x.y.z',
      `Bearer ${refresh}`,
      `Bearer ${head}.${other.toString('base64url')}.${signature}`,
      `Bearer ${none}.${payload}.`,
      `${good.slice(0, -6)}AAAAAA`,
      `Basic ${Buffer.from('a:b').toString('base64')}`,
    ]) {
      const answer = await visit(authorization === undefined ? {} : { authorization })
      expect([authorization, answer.status]).toEqual([authorization, 401])
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer /)
    }
    expect(service.arrived).toEqual([])
  })

  it('keeps 403 apart: a cookie changes nothing for a page of another origin', async (context) => {
    needs(context, 'cookies')
    const own = await cookie()
    const change = (more: Headers): Promise<Answer> =>
      send(`${url}/protected/x`, { method: 'POST', headers: { ...own, ...more }, body: Buffer.from('x') })
    expect((await change({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect(
      (await change({ 'sec-fetch-site': 'cross-site', 'x-forwarded-method': 'GET', 'x-original-method': 'GET' }))
        .status,
    ).toBe(403)
    expect((await change({ origin: 'https://evil.example' })).status).toBe(403)
    expect(service.arrived).toEqual([])
    expect((await change({ 'sec-fetch-site': 'same-origin' })).status).toBe(200)
  })

  it('lets nobody pass later than its bound after a sign-out', async (context) => {
    needs(context, 'revocation')
    const refuse = async (headers: Headers): Promise<void> => {
      expect((await visit(headers)).status).toBe(200)
      const ended = await send(`http://127.0.0.1:${issuer.port}/sessions/current`, {
        method: 'DELETE',
        headers: { ...headers, 'sec-fetch-site': 'same-origin' },
      })
      expect(ended.status).toBe(200)
      const endedAt = performance.now()
      for (;;) {
        const beganAt = performance.now()
        const { status } = await visit(headers)
        if (status === 401) break
        expect(status).toBe(200)
        expect(beganAt - endedAt).toBeLessThanOrEqual(subject.boundMs)
      }
    }
    await Promise.all([await bearer(), await cookie()].map(refuse))
  })

  it.for(['SIGSTOP', 'SIGKILL'] as const)(
    'tells 503, and takes no cookie away, while the issuer is gone: %s',
    { timeout: 60_000 },
    async (signal, context) => {
      needs(context, 'cannotTell')
      const headers = [await bearer(), await cookie()]
      const before = issuer
      before.process.kill(signal)
      try {
        await Promise.all(
          headers.map(async (credential) => {
            const answer = await until(async () => {
              const answered = await visit(credential)
              // Under a lease it may go on for a while.
              return answered.status === 200 ? undefined : answered
            })
            expect(answer.status).toBe(503)
            expect(answer.headers['set-cookie']).toBeUndefined()
          }),
        )
      } finally {
        if (signal === 'SIGSTOP') before.process.kill('SIGCONT')
        else issuer = await startIssuerAgain()
      }
      await until(async () => ((await visit(headers[0] ?? {})).status === 200 ? true : undefined))
    },
  )

  const startIssuerAgain = async (): Promise<RunningServer> => {
    const environment = {
      ...QUICK,
      COUNTERFOIL_LISTEN: `127.0.0.1:${issuer.port}`,
      COUNTERFOIL_ISSUER: `http://localhost:${port}`,
    }
    return startServer({ folder: folder.path, environment }, ['--config', join(folder.path, 'counterfoil.toml')])
  }

  it('harms no body, with a length and without, and no path', async () => {
    const credential = await bearer()
    const body = randomBytes(3_000_000)
    const sha256 = createHash('sha256').update(body).digest('hex')
    const path = '/protected/a%20b%C3%A9?q=%2F&r=1%202'
    const sized = await send(url + path, {
      method: 'POST',
      headers: { ...credential, 'content-length': String(body.length) },
      body,
    })
    expect(JSON.parse(sized.text)).toMatchObject({ method: 'POST', url: path, size: body.length, sha256 })
    const parts = [body.subarray(0, 1_000_000), body.subarray(1_000_000)]
    const chunked = await send(`${url}/protected/x`, {
      method: 'PUT',
      headers: { ...credential, 'content-encoding': 'gzip' },
      body: parts,
    })
    expect(JSON.parse(chunked.text)).toMatchObject({ method: 'PUT', size: body.length, sha256 })
    expect(headerOf('content-encoding')).toEqual(['gzip'])
    const empty = await send(`${url}/protected/x`, {
      method: 'POST',
      headers: { ...credential, 'content-length': '0' },
    })
    expect(JSON.parse(empty.text)).toMatchObject({ method: 'POST', size: 0 })
    const head = await send(`${url}/protected/x`, { method: 'HEAD', headers: credential })
    expect([head.status, head.text]).toEqual([200, ''])
  })

  it('passes an event on before the answer is over', async () => {
    const headers = await bearer()
    const first = await new Promise<string>((resolve, reject) => {
      const outgoing = httpRequest(
        `${url}/protected/stream`,
        { headers: headers as Record<string, string>, agent: false },
        (incoming) => {
          incoming.setEncoding('utf8').once('data', (part: string) => {
            resolve(part)
            outgoing.destroy()
          })
        },
      )
      outgoing.on('error', reject).end()
    })
    expect(first).toBe('data: first\n\n')
  })

  it('leaves the service’s own answers as they are', async () => {
    const headers = await bearer()
    for (const status of [304, 401, 403, 404, 500, 503])
      expect((await visit(headers, `/protected/status/${status}`)).status).toBe(status)
  })

  it('lets no second request through in the body of a first', async () => {
    const second = 'GET /protected/smuggled HTTP/1.1\r\nHost: x\r\nX-Account-Id: eve\r\n\r\n'
    const head = (...lines: readonly string[]): string =>
      `POST /open HTTP/1.1\r\nHost: x\r\n${lines.join('\r\n')}\r\n\r\n`
    for (const text of [
      head('Content-Length: 4', 'Transfer-Encoding: chunked') + `0\r\n\r\n${second}`,
      head('Content-Length: 0', `Content-Length: ${second.length}`) + second,
      head('Transfer-Encoding : chunked', 'Content-Length: 0') + `0\r\n\r\n${second}`,
      head('Transfer-Encoding: xchunked', 'Content-Length: 4') + `0\r\n\r\n${second}`,
      head('Transfer-Encoding:\r\n chunked', 'Content-Length: 4') + `0\r\n\r\n${second}`,
      head('Content-Length: +3') + 'abc',
      `GET /open HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n`,
    ]) {
      await sendRaw(port, text)
      const smuggled = service.arrived.filter(({ url: target }) => target.includes('smuggled'))
      // A second request may be read as one of its own; then it is decided about as such, and stops here.
      expect(smuggled).toEqual([])
    }
  })
})

async function publicKeyOf(issuer: RunningServer): Promise<string> {
  const { text } = await send(`http://127.0.0.1:${issuer.port}/.well-known/jwks.json`)
  const { keys } = JSON.parse(text) as { keys: { kty: string; use?: string }[] }
  const [key] = keys
  if (key === undefined) throw new Error('the issuer publishes no key')
  return createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString()
}

/** Whatever the answer is, somebody gave it. */
function answers(url: string): Promise<boolean> {
  return send(`${url}/open`).then(
    () => true,
    () => false,
  )
}

import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { accessToken, AUDIENCE, sendRaw, startGateway, startService, type Arrived, closedPort } from './edge.fixture.ts'
import { generateGatewayKey, readGatewayKeys } from './identity/gateway-keys.ts'
import type { AccessLogEntry } from './observe/access-log.ts'

const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` })

async function arrivedOf(response: Response): Promise<Arrived & { header: (name: string) => string | undefined }> {
  const arrived = (await response.json()) as Arrived
  return { ...arrived, header: (name) => arrived.headers.find(([each]) => each === name)?.[1] }
}

describe('a protected route', () => {
  it('lets pass whoever has a credential, and tells the service who that is', async () => {
    const { address } = await startService()
    const { url } = await startGateway([{ name: 'orders', path: '/orders', upstreams: [address] }])
    const token = accessToken({ sub: 'ada', sid: 'session-1', roles: ['support'] })
    const response = await fetch(`${url}/orders/7?q=%20a`, { method: 'POST', headers: bearer(token), body: 'hello' })
    expect(response.status).toBe(200)
    const arrived = await arrivedOf(response)
    expect(arrived).toMatchObject({ method: 'POST', url: '/orders/7?q=%20a', body: 'hello' })
    expect(['x-account-id', 'x-session-id', 'x-client-id', 'x-roles', 'authorization'].map(arrived.header)).toEqual([
      'ada',
      'session-1',
      'hybrid',
      'support',
      undefined,
    ])
    expect(arrived.header('traceparent')).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
  })

  it.each([
    ['no credential', {}, 401, 'credential_absent'],
    [
      'an expired one',
      bearer(accessToken({ exp: 1_700_000_000, iat: 1_699_999_000, auth_time: 1 })),
      401,
      'credential_expired',
    ],
    ['a forged one', bearer(`${accessToken().slice(0, -8)}AAAAAAAA`), 401, 'credential_untrusted'],
    ['one for somebody else', bearer(accessToken({ aud: 'https://elsewhere' })), 401, 'credential_untrusted'],
    ['a refresh token', bearer('cfr_AQDEvj1QcrevIi03pbc6bSZ0AAAAAGZHHCwWNiR37rIC1PUGnK'), 401, 'credential_untrusted'],
    ['too few roles', bearer(accessToken({ roles: ['sales'] })), 403, 'not_allowed'],
    ['another strategy', bearer(accessToken({ roles: ['support'], strategy: 'stateless' })), 403, 'not_allowed'],
    [
      'an old sign-in',
      bearer(accessToken({ roles: ['support'], auth_time: 1_700_000_000 })),
      401,
      'reauthentication_required',
    ],
    [
      'the wrong one of the audiences',
      bearer(accessToken({ roles: ['support'], aud: 'https://other.example.com' })),
      401,
      'credential_untrusted',
    ],
  ])('refuses %s', async (_, headers, status, code) => {
    const { address, arrived } = await startService()
    const limits = { roles: ['support'], strategies: ['hybrid'], maxAuthAgeSeconds: 900, audience: AUDIENCE }
    const { url } = await startGateway([{ name: 'orders', path: '/', upstreams: [address], ...limits }])
    const response = await fetch(url, { headers })
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toMatchObject({ code })
    if (status === 401) expect(response.headers.get('www-authenticate')).toMatch(/^Bearer realm=/)
    expect(arrived).toEqual([])
  })

  it('hands on the access token where the service wants it', async () => {
    const { address } = await startService()
    const { url } = await startGateway([{ name: 'a', path: '/', upstreams: [address], identity: 'access_token' }])
    const token = accessToken()
    expect((await arrivedOf(await fetch(url, { headers: bearer(token) }))).header('authorization')).toBe(
      `Bearer ${token}`,
    )
  })

  it('hands on a token of its own where the service wants that, whose keys are published', async () => {
    const { address } = await startService()
    const keys = await readGatewayKeys([generateGatewayKey()])
    const route = { identity: 'upstream_token', upstreamAudience: 'https://orders.internal' } as const
    const { url } = await startGateway([{ name: 'a', path: '/', upstreams: [address], ...route }], { keys })
    const arrived = await arrivedOf(await fetch(url, { headers: bearer(accessToken({ sub: 'ada' })) }))
    const claims = arrived.header('authorization')?.split('.')[1] ?? ''
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      iss: 'http://localhost:8080/.counterfoil',
      aud: 'https://orders.internal',
      sub: 'ada',
    })
    const published = await fetch(`${url}/.counterfoil/.well-known/jwks.json`)
    expect(await published.json()).toEqual(keys.jwks)
  })
})

describe('addresses', () => {
  it.each([
    ['/nothing', 404, 'no_route'],
    ['/orders', 405, 'method_not_allowed'],
    ['/Orders', 404, 'no_route'],
    ['/public/%2e%2e/orders', 400, 'bad_request'],
    ['/.counterfoil/x', 404, 'no_route'],
  ])('%s is answered with %i', async (path, status, code) => {
    const { address, arrived } = await startService()
    const { port } = await startGateway([
      { name: 'orders', path: '/orders', methods: ['POST'], upstreams: [address], access: 'public' },
      { name: 'public', path: '/public', upstreams: [address], access: 'public' },
    ])
    const response = await get(port, path)
    expect([response.statusCode, JSON.parse(response.text)]).toMatchObject([status, { code }])
    expect(arrived).toEqual([])
  })

  it('say which methods they take', async () => {
    const { address } = await startService()
    const routes = ['GET', 'PUT'].map((method) => ({
      name: method,
      path: '/orders',
      methods: [method],
      upstreams: [address],
    }))
    const { url } = await startGateway(routes)
    const response = await fetch(`${url}/orders/1`, { method: 'DELETE' })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, PUT'])
  })

  it('are chosen by the host', async () => {
    const [one, other] = [await startService(), await startService()]
    const { port } = await startGateway([
      { name: 'one', path: '/', hosts: ['one.example.com'], upstreams: [one.address], access: 'public' },
      { name: 'other', path: '/', upstreams: [other.address], access: 'public' },
    ])
    await get(port, '/', { host: 'ONE.example.com:80' })
    await get(port, '/', { host: 'two.example.com' })
    expect([one.arrived, other.arrived].map(({ length }) => length)).toEqual([1, 1])
    expect(one.arrived[0]?.headers).toContainEqual(['x-forwarded-host', 'ONE.example.com:80'])
  })
})

describe('upstreams', () => {
  it('have their turns', async () => {
    const services = [await startService(), await startService()]
    const { url } = await startGateway([
      { name: 'a', path: '/', upstreams: services.map(({ address }) => address), access: 'public' },
    ])
    for (let turn = 0; turn < 6; turn++) expect((await fetch(url)).status).toBe(200)
    expect(services.map(({ arrived }) => arrived.length)).toEqual([3, 3])
  })

  it('that refuse connections are passed over, also with a body that was not sent yet', async () => {
    const { address, arrived } = await startService()
    const { url } = await startGateway([
      { name: 'a', path: '/', upstreams: [await closedPort(), address], access: 'public' },
    ])
    for (let turn = 0; turn < 4; turn++) {
      const response = await fetch(url, { method: 'POST', body: `body ${turn}` })
      expect(response.status).toBe(200)
    }
    expect(arrived.map(({ body }) => body)).toEqual(['body 0', 'body 1', 'body 2', 'body 3'])
  })

  it('that refuse connections cost nothing of a large body', async () => {
    const { address, arrived } = await startService()
    const { url } = await startGateway([
      { name: 'a', path: '/', upstreams: [await closedPort(), address], access: 'public' },
    ])
    const part = Buffer.alloc(50_000, 'x')
    const chunks = new ReadableStream({
      async start(controller) {
        for (let at = 0; at < 8; at++) {
          controller.enqueue(part)
          await new Promise(setImmediate)
        }
        controller.close()
      },
    })
    await (await fetch(url, { method: 'POST', body: chunks, duplex: 'half' } as RequestInit)).text()
    expect(arrived.map(({ body }) => body.length)).toEqual([400_000])
  })

  it('that are all away are a 502', async () => {
    const { url } = await startGateway([{ name: 'a', path: '/', upstreams: [await closedPort()], access: 'public' }])
    const response = await fetch(url)
    expect([response.status, await response.json()]).toMatchObject([502, { code: 'upstream_unreachable' }])
  })

  it('that break off before they answer get a GET once more, and a POST not', async () => {
    let asked = 0
    const { address } = await startService((request, response) => {
      asked++
      if (asked % 2 === 1) request.socket.destroy()
      else response.end('here')
    })
    const { url } = await startGateway([{ name: 'a', path: '/', upstreams: [address], access: 'public' }])
    expect(await (await fetch(url)).text()).toBe('here')
    const response = await fetch(url, { method: 'POST', body: 'x' })
    expect([response.status, await response.json()]).toMatchObject([502, { code: 'upstream_broken' }])
    expect(asked).toBe(3)
  })

  it('that are slow are a 504', async () => {
    const { address } = await startService(() => undefined)
    const timeouts = { responseMs: 50 }
    const { url } = await startGateway([{ name: 'a', path: '/', upstreams: [address], access: 'public' }], { timeouts })
    const response = await fetch(url)
    expect([response.status, await response.json()]).toMatchObject([504, { code: 'upstream_slow' }])
  })

  it('that break off in the middle of an answer leave it visibly broken', async () => {
    const { address } = await startService((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half', () => response.destroy())
    })
    const { url } = await startGateway([{ name: 'a', path: '/', upstreams: [address], access: 'public' }])
    const response = await fetch(url)
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow('terminated')
  })

  it('keep their own answers, whatever those are', async () => {
    const { address } = await startService((_, response) => {
      response.writeHead(503, { 'retry-after': '7', 'x-own': 'é' }).end('own')
    })
    const { url } = await startGateway([{ name: 'a', path: '/', upstreams: [address], access: 'public' }])
    const response = await fetch(url)
    expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([503, '7', 'own'])
  })
})

describe('what clients send by themselves', () => {
  it.each([
    ['Expect: 100-continue', 'Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello'],
    [
      'Upgrade: h2c',
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\nContent-Length: 5\r\n\r\nhello',
    ],
  ])('%s ends here, and the request goes on without', async (_, rest) => {
    const { address, arrived } = await startService()
    const { port } = await startGateway([{ name: 'a', path: '/', upstreams: [address], access: 'public' }])
    const answer = await sendRaw(port, `POST / HTTP/1.1\r\nHost: x\r\n${rest}`)
    expect(answer).toContain('HTTP/1.1 200 OK')
    expect(arrived).toMatchObject([{ body: 'hello' }])
    expect(arrived[0]?.headers.map(([name]) => name).filter((name) => /expect|upgrade|http2/.test(name))).toEqual([])
  })

  it('a body that nobody wanted is read to its end, and the connection serves the next request', async () => {
    const { address } = await startService((_, response) => {
      response.writeHead(403).end('early')
    })
    const { port } = await startGateway([{ name: 'a', path: '/', upstreams: [address], access: 'public' }])
    const size = 3_000_000
    const first = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`
    const answer = await sendRaw(port, `${first}GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n`, 1000)
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 403', 'HTTP/1.1 403'])
  })
})

describe('bodies', () => {
  it('over the limit are refused, with a length and without', async () => {
    const { address } = await startService()
    const limits = { bodyBytes: 10 }
    const { url } = await startGateway([{ name: 'a', path: '/', upstreams: [address], access: 'public' }], { limits })
    const chunks = new ReadableStream({
      start(controller) {
        for (let part = 0; part < 5; part++) controller.enqueue(Buffer.from('abcde'))
        controller.close()
      },
    })
    for (const body of ['12345678901', chunks]) {
      const response = await fetch(url, { method: 'POST', body, duplex: 'half' } as RequestInit)
      expect([response.status, await response.json()]).toMatchObject([413, { code: 'body_too_large' }])
    }
    expect((await fetch(url, { method: 'POST', body: '1234567890' })).status).toBe(200)
  })

  it('of an answer are passed on while they come', async () => {
    const { promise, resolve } = Promise.withResolvers<() => void>()
    const { address } = await startService((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
      resolve(() => response.end('data: 2\n\n'))
    })
    const { url } = await startGateway([{ name: 'a', path: '/', upstreams: [address], access: 'public' }])
    const reader = (await fetch(url)).body?.getReader()
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: 1\n\n')
    const goOn = await promise
    goOn()
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: 2\n\n')
  })
})

it('the log has one entry for each request, with who and where, and no credential', async () => {
  const entries: AccessLogEntry[] = []
  const { address } = await startService()
  const token = accessToken({ sub: 'ada' })
  const { url } = await startGateway([{ name: 'orders', path: '/orders', upstreams: [address] }], {
    accessLog: (entry) => entries.push(entry),
  })
  await (await fetch(`${url}/orders?token=secret`, { headers: bearer(token) })).text()
  await (await fetch(`${url}/elsewhere`)).text()
  await expect.poll(() => entries.length).toBe(2)
  expect(entries).toMatchObject([
    { route: 'orders', status: 200, account: 'ada', upstream: address, method: 'GET', client: '127.0.0.1' },
    { route: 'none', status: 404, account: undefined },
  ])
  expect(JSON.stringify(entries)).not.toMatch(/secret|eyJ/)
})

it('metrics count requests by route and status, and those under way', async () => {
  const { address } = await startService()
  const { gateway, url } = await startGateway([{ name: 'orders', path: '/orders', upstreams: [address] }])
  await (await fetch(`${url}/orders`, { headers: bearer(accessToken()) })).text()
  await (await fetch(`${url}/orders`)).text()
  await expect.poll(() => gateway.metrics()).toContain('counterfoil_gateway_open_requests 0')
  const text = await gateway.metrics()
  expect(text).toContain('counterfoil_gateway_requests_total{route="orders",status="200"} 1')
  expect(text).toContain('counterfoil_gateway_requests_total{route="orders",status="401"} 1')
  expect(text).toContain('counterfoil_gateway_decisions{outcome="accepted"} 1')
  expect(text).toContain('counterfoil_gateway_decisions{outcome="absent"} 1')
})

it('the headers of an answer go on at once, also when its body takes its time', async () => {
  const { address } = await startService((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  })
  const { url } = await startGateway([{ name: 'a', path: '/', upstreams: [address], access: 'public' }])
  const response = await fetch(url)
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  await response.body?.cancel()
})

describe('other options', () => {
  it('count from the next request on, and what is under way goes on', async () => {
    const { promise, resolve } = Promise.withResolvers<() => void>()
    const slow = await startService((_, response) => resolve(() => response.end('slow')))
    const { address } = await startService((_, response) => response.end('new'))
    const { gateway, url } = await startGateway([{ name: 'a', path: '/', upstreams: [slow.address], access: 'public' }])
    const before = fetch(url)
    const finish = await promise
    const { optionsFor } = await import('./edge.fixture.ts')
    gateway.reload(optionsFor([{ name: 'b', path: '/', upstreams: [address], access: 'public' }]))
    expect(await (await fetch(url)).text()).toBe('new')
    expect(() => gateway.reload(optionsFor([]))).toThrow('routes')
    expect(await (await fetch(url)).text()).toBe('new')
    finish()
    expect(await (await before).text()).toBe('slow')
  })
})

describe('a gateway that stops', () => {
  it('does not wait for whoever has connected and said nothing', async () => {
    const { address } = await startService()
    const { gateway, port } = await startGateway([{ name: 'a', path: '/', upstreams: [address], access: 'public' }])
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    const gone = once(socket, 'close')
    await gateway.close()
    await gone
  })

  it('finishes what is under way, and says that it is closing', async () => {
    const { promise, resolve } = Promise.withResolvers<() => void>()
    const { address } = await startService((_, response) => resolve(() => response.end('done')))
    const { gateway, url } = await startGateway([{ name: 'a', path: '/', upstreams: [address], access: 'public' }])
    const pending = fetch(url)
    const finish = await promise
    gateway.drain()
    const closing = gateway.close()
    finish()
    const response = await pending
    expect([response.headers.get('connection'), await response.text()]).toEqual(['close', 'done'])
    await closing
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  })
})

function get(
  port: number,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ statusCode: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port, path, headers, agent: false }, (response: IncomingMessage) => {
      let text = ''
      response.on('data', (part) => (text += String(part)))
      response.on('end', () => resolve({ statusCode: response.statusCode ?? 0, text }))
    })
    sent.on('error', reject).end()
  })
}

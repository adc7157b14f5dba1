import { beforeEach, describe, expect, it } from 'vitest'
import { accessToken, sendRaw, startGateway, startService, type TestGateway, type TestService } from './edge.fixture.ts'

let service: TestService
let edge: TestGateway
const TOKEN = accessToken()

beforeEach(async () => {
  service = await startService()
  edge = await startGateway([
    { name: 'orders', path: '/orders', upstreams: [service.address] },
    { name: 'public', path: '/', upstreams: [service.address], access: 'public' },
  ])
})

const SECOND = 'GET /orders/smuggled HTTP/1.1\r\nHost: x\r\nX-Account-Id: eve\r\n\r\n'
const head = (...lines: readonly string[]): string => `POST /open HTTP/1.1\r\nHost: x\r\n${lines.join('\r\n')}\r\n\r\n`

describe('what two readers could take for different requests', () => {
  it.each([
    ['a length and chunks', head('Content-Length: 4', 'Transfer-Encoding: chunked') + `0\r\n\r\n${SECOND}`],
    [
      'chunks and a length',
      head('Transfer-Encoding: chunked', `Content-Length: ${SECOND.length}`) + `0\r\n\r\n${SECOND}`,
    ],
    ['two lengths', head('Content-Length: 0', `Content-Length: ${SECOND.length}`) + SECOND],
    ['the same length twice', head('Content-Length: 3', 'Content-Length: 3') + 'abc'],
    ['a list of lengths', head('Content-Length: 0, 3') + 'abc'],
    ['a signed length', head('Content-Length: +3') + 'abc'],
    ['a hexadecimal length', head('Content-Length: 0x3') + 'abc'],
    ['a blank before the colon', head('Transfer-Encoding : chunked') + `0\r\n\r\n${SECOND}`],
    ['another coding', head('Transfer-Encoding: xchunked') + `0\r\n\r\n${SECOND}`],
    ['two codings', head('Transfer-Encoding: gzip, chunked') + `0\r\n\r\n${SECOND}`],
    ['chunks that are not last', head('Transfer-Encoding: chunked, identity') + `0\r\n\r\n${SECOND}`],
    ['two lines of codings', head('Transfer-Encoding: chunked', 'Transfer-Encoding: identity') + `0\r\n\r\n${SECOND}`],
    ['a folded coding', head('Transfer-Encoding:\r\n chunked') + `0\r\n\r\n${SECOND}`],
    ['a folded header', 'GET /open HTTP/1.1\r\nHost: x\r\nX-A: a\r\n b\r\n\r\n'],
    ['a bare CR', 'GET /open HTTP/1.1\r\nHost: x\r\nX-A: a\rX-Account-Id: eve\r\n\r\n'],
    ['a bare LF', 'GET /open HTTP/1.1\nHost: x\n\n'],
    ['a bare LF after a header', 'GET /open HTTP/1.1\r\nHost: x\nX-Account-Id: eve\r\n\r\n'],
    ['NUL in a header', 'GET /open HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n'],
    ['a tab in a name', 'GET /open HTTP/1.1\r\nHost: x\r\nX-A\t: b\r\n\r\n'],
    ['no name', 'GET /open HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n'],
    ['no host', 'GET /open HTTP/1.1\r\n\r\n'],
    ['two hosts', 'GET /open HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n'],
    ['another host in its target', 'GET http://y/open HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a blank in its target', 'GET /open HTTP/1.1 HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['chunks in HTTP/1.0', 'POST /open HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['HTTP/2 on one line', 'GET /open HTTP/2.0\r\nHost: x\r\n\r\n'],
    ['a chunk with a bare LF', head('Transfer-Encoding: chunked') + `3\nabc\r\n0\r\n\r\n${SECOND}`],
    ['a chunk of no size', head('Transfer-Encoding: chunked') + `0x3\r\nabc\r\n0\r\n\r\n${SECOND}`],
    [
      'an upgrade with chunks',
      head('Connection: upgrade', 'Upgrade: websocket', 'Transfer-Encoding: chunked') + '0\r\n\r\n',
    ],
    ['a tunnel', 'CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n'],
  ])('is refused: %s', async (_, text) => {
    const answer = await sendRaw(edge.port, text)
    expect(answer.slice(0, 200)).toMatch(/^$|^HTTP\/1\.1 (400|405|501) /)
    expect(answer.match(/HTTP\/1\.1 2/g)).toBeNull()
    expect(service.arrived.filter(({ url }) => url !== '/open')).toEqual([])
  })

  it('a body that looks like a request stays a body', async () => {
    const answer = await sendRaw(edge.port, head(`Content-Length: ${SECOND.length}`) + SECOND)
    expect(answer.match(/HTTP\/1\.1 200 /g)).toHaveLength(1)
    expect(service.arrived).toMatchObject([{ url: '/open', body: SECOND }])
  })

  it('two requests in a row are two requests, each with its own decision', async () => {
    const second = 'GET /orders HTTP/1.1\r\nHost: x\r\n\r\n'
    const third = `GET /orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\nConnection: close\r\n\r\n`
    const answer = await sendRaw(edge.port, head('Content-Length: 0') + second + third)
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 401', 'HTTP/1.1 200'])
  })

  it('a trailer never becomes a header', async () => {
    const body = '3\r\nabc\r\n0\r\nX-Account-Id: eve\r\n\r\n'
    await sendRaw(edge.port, head('Transfer-Encoding: chunked', 'Trailer: X-Account-Id', 'Connection: close') + body)
    expect(service.arrived).toHaveLength(1)
    expect(service.arrived[0]?.headers.map(([name]) => name)).not.toContain('x-account-id')
    expect(service.arrived[0]?.body).toBe('abc')
  })

  it('extensions of chunks end here', async () => {
    await sendRaw(
      edge.port,
      head('Transfer-Encoding: chunked', 'Connection: close') + '3;a="\r\nabc\r\n0\r\n\r\n'.replace('"', 'b'),
    )
    expect(service.arrived[0]?.body).toBe('abc')
  })
})

describe('headers that say who calls', () => {
  const NAMES = [
    'X-Account-Id',
    'x-session-id',
    'X-CLIENT-ID',
    'X-Roles',
    'X-Access-Token',
    'X_Account_Id',
    'X_ROLES',
    'x-client_id',
  ]

  it.each(['/open', '/orders'])('RFC 9700 4.13 are never the client’s at %s', async (path) => {
    const forged = NAMES.flatMap((name) => [`${name}: eve`, `${name}: eve2`]).join('\r\n')
    const request = `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\nConnection: close, X-Account-Id\r\n${forged}\r\n\r\n`
    expect(await sendRaw(edge.port, request)).toMatch(/^HTTP\/1\.1 200 /)
    const [arrived] = service.arrived
    expect(arrived?.headers.filter(([, value]) => value.startsWith('eve'))).toEqual([])
    const ids = arrived?.headers.filter(([name]) => name === 'x-account-id') ?? []
    expect(ids).toHaveLength(path === '/open' ? 0 : 1)
  })
})

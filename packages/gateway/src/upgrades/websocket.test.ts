import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { accessToken, closedPort, sendRaw, startGateway, startService } from '../edge.fixture.ts'
import { prove, TOKEN } from '../proof.fixture.ts'

describe('a WebSocket', () => {
  const KEY =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'

  async function startEcho() {
    const service = await startService()
    service.server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
      socket.write(`who: ${String(request.headers['x-account-id'])};`)
      socket.on('data', (chunk) => socket.write(chunk)).on('error', () => socket.destroy())
    })
    return service
  }

  it('is let through to the service, which is told who calls', async () => {
    const { address } = await startEcho()
    const { port } = await startGateway([{ name: 'a', path: '/', upstreams: [address] }])
    const token = accessToken({ sub: 'ada' })
    const answer = await sendRaw(port, `GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n${KEY}\r\nhello`)
    expect(answer).toMatch(/^HTTP\/1\.1 101 .*\r\n/)
    expect(answer).toMatch(/who: ada;hello$/)
  })

  it('goes on to the second upstream where the first refuses', async () => {
    const { address } = await startEcho()
    const { port } = await startGateway([
      { name: 'a', path: '/', upstreams: [await closedPort(), address], access: 'public' },
    ])
    for (let turn = 0; turn < 2; turn++)
      expect(await sendRaw(port, `GET / HTTP/1.1\r\nHost: x\r\n${KEY}\r\n`)).toMatch(/^HTTP\/1\.1 101 /)
  })

  it('is refused without a credential', async () => {
    const { address } = await startEcho()
    const { port } = await startGateway([{ name: 'a', path: '/', upstreams: [address] }])
    expect(await sendRaw(port, `GET / HTTP/1.1\r\nHost: x\r\n${KEY}\r\n`)).toMatch(/^HTTP\/1\.1 401 /)
  })

  it('RFC 9449 7.1 7.2 11.1 is opened with a token that is bound to a key by who proves to have it: once with one proof, for GET of the http URL', async () => {
    const { address } = await startEcho()
    const { port } = await startGateway([{ name: 'a', path: '/', upstreams: [address] }])
    const url = 'http://localhost:8080/chat'
    const open = (scheme: string, dpop?: string): Promise<string> => {
      const proof = dpop === undefined ? '' : `DPoP: ${dpop}\r\n`
      return sendRaw(
        port,
        `GET /chat?room=1 HTTP/1.1\r\nHost: x\r\nAuthorization: ${scheme} ${TOKEN}\r\n${proof}${KEY}\r\n`,
      )
    }
    const good = await prove({ htu: url })
    const opened = await open('DPoP', good)
    expect(opened).toMatch(/^HTTP\/1\.1 101 /)
    expect(opened).toMatch(/who: ada;$/)
    for (const refused of [
      await open('DPoP', good),
      await open('DPoP'),
      await open('Bearer'),
      await open('Bearer', await prove({ htu: url })),
      await open('DPoP', await prove({ htu: 'ws://localhost:8080/chat' })),
      await open('DPoP', await prove({ htu: url, htm: 'CONNECT' })),
      await open('DPoP', await prove({ htu: 'http://localhost:8080/' })),
    ]) {
      expect(refused).toMatch(/^HTTP\/1\.1 401 /)
      expect(refused).toMatch(/\r\nwww-authenticate: DPoP /i)
    }
  })

  it('V4.4.2 is opened with a cookie only by a page of this origin or one that is listed', async () => {
    const { address } = await startEcho()
    const { port } = await startGateway([{ name: 'a', path: '/', upstreams: [address] }], {
      origins: ['https://app.example.com'],
    })
    const open = (origin: string): Promise<string> => {
      const cookie = 'Cookie: __Host-session=cfs_AQDEvj1QcrevIi03pbc6bSZ0'
      return sendRaw(port, `GET / HTTP/1.1\r\nHost: x\r\n${cookie}\r\nOrigin: ${origin}\r\n${KEY}\r\n`)
    }
    expect(await open('https://evil.example')).toMatch(/^HTTP\/1\.1 403 /)
    // Those of these pages are looked at: this one is none that a gateway without the feed can judge.
    expect(await open('https://app.example.com')).toMatch(/^HTTP\/1\.1 401 /)
    expect(await open('http://localhost:8080')).toMatch(/^HTTP\/1\.1 401 /)
  })

  it('is told as it is where the service changes no protocol', async () => {
    const { address } = await startService((_, response) => response.writeHead(404).end('none'))
    const { port } = await startGateway([{ name: 'a', path: '/', upstreams: [address], access: 'public' }])
    const answer = await sendRaw(port, `GET / HTTP/1.1\r\nHost: x\r\n${KEY}\r\n`)
    expect(answer).toMatch(/^HTTP\/1\.1 404 /)
    expect(answer).toMatch(/none$/)
  })
})

import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { beforeEach, describe, expect, it } from 'vitest'
import { startGateway, startService, type TestGateway, type TestService } from '../edge.fixture.ts'
import { prove, TOKEN } from '../proof.fixture.ts'

let service: TestService
let edge: TestGateway

beforeEach(async () => {
  service = await startService()
  const upstreams = [service.address]
  edge = await startGateway([
    { name: 'orders', path: '/orders', upstreams },
    { name: 'whole', path: '/whole', upstreams, identity: 'access_token' },
    { name: 'open', path: '/', upstreams, access: 'public' },
  ])
})

async function ask(
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; challenge: string | null }> {
  const { status, headers: answered } = await fetch(`${edge.url}${path}`, { headers })
  return { status, challenge: answered.get('www-authenticate') }
}

/** What the service got of a header, each time that it was there. */
function arrived(name: string): string[] {
  return service.arrived.flatMap(({ headers }) => headers).flatMap(([each, value]) => (each === name ? [value] : []))
}

describe('a token that is bound to a key', () => {
  it('RFC 9449 7.1 lets in who proves to have the key; the service is told who that is, and gets neither', async () => {
    const answer = await ask('/orders?page=2', { authorization: `DPoP ${TOKEN}`, dpop: await prove() })
    expect(answer.status).toBe(200)
    expect(arrived('x-account-id')).toEqual(['ada'])
    expect([...arrived('authorization'), ...arrived('dpop')]).toEqual([])
  })

  it.each(['?x=\\', '?\\@evil.example/', '?x=[a]|"<>', '?', '?a?b'])(
    'RFC 9449 4.3 is proved for the address without its query, whatever that holds: %s',
    async (query) => {
      const { hostname, port } = new URL(edge.url)
      const headers = { authorization: `DPoP ${TOKEN}`, dpop: await prove() }
      // A client that sends a path to the letter, as fetch does not.
      const request = get({ host: hostname, port, path: `/orders${query}`, headers })
      const [answer] = (await once(request, 'response')) as [IncomingMessage]
      answer.resume()
      expect(answer.statusCode).toBe(200)
      expect(service.arrived.map(({ url }) => url)).toEqual([`/orders${query}`])
    },
  )

  it.each([
    ['RFC 9449 7.2 as a bearer', async () => ({ authorization: `Bearer ${TOKEN}`, dpop: await prove() })],
    ['RFC 9449 7.1 without a proof', async () => ({ authorization: `DPoP ${TOKEN}` })],
    [
      'RFC 9449 4.3 for another method',
      async () => ({ authorization: `DPoP ${TOKEN}`, dpop: await prove({ htm: 'POST' }) }),
    ],
    [
      'RFC 9449 4.3 for another address',
      async () => ({ authorization: `DPoP ${TOKEN}`, dpop: await prove({ htu: 'http://localhost:8080/' }) }),
    ],
    [
      'RFC 9449 4.3 for another host, whatever the Host of the request is',
      async () => ({ authorization: `DPoP ${TOKEN}`, dpop: await prove({ htu: `${edge.url}/orders` }) }),
    ],
    [
      'RFC 9449 4.3 for another token',
      async () => ({ authorization: `DPoP ${TOKEN}`, dpop: await prove({ ath: 'x' }) }),
    ],
  ])('%s is refused with 401, and the service sees nothing', async (_, headers) => {
    const { status, challenge } = await ask('/orders', await headers())
    expect([status, challenge?.split(' ')[0]]).toEqual([401, 'DPoP'])
    expect(service.arrived).toEqual([])
  })

  it('RFC 9449 11.1 is let in once with one proof', async () => {
    const headers = { authorization: `DPoP ${TOKEN}`, dpop: await prove() }
    expect((await ask('/orders', headers)).status).toBe(200)
    expect((await ask('/orders', headers)).status).toBe(401)
  })

  it('goes on with its proof where a service is to have the token itself', async () => {
    const dpop = await prove({ htu: 'http://localhost:8080/whole' })
    expect((await ask('/whole', { authorization: `DPoP ${TOKEN}`, dpop })).status).toBe(200)
    expect([arrived('authorization'), arrived('dpop')]).toEqual([[`DPoP ${TOKEN}`], [dpop]])
  })

  it('is the service’s own concern on a public route', async () => {
    expect((await ask('/', { authorization: `DPoP ${TOKEN}`, dpop: 'x' })).status).toBe(200)
    expect([arrived('authorization'), arrived('dpop')]).toEqual([[`DPoP ${TOKEN}`], ['x']])
  })
})

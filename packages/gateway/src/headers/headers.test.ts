import { describe, expect, it } from 'vitest'
import { readHead } from '../requests/head.ts'
import { forwardedHeaders } from './forwarded.ts'
import { outgoingHeaders, type Additions } from './outgoing.ts'
import { clientAddress, plainAddress, trustProxies } from './trusted-proxies.ts'

const PLAIN: Additions = {
  host: 'h',
  forwarded: [],
  identity: [],
  authorization: undefined,
  proofs: [],
  traceparent: undefined,
  keepsCredentials: false,
}

function outgoing(headers: readonly string[], more: Partial<Additions> = {}): Record<string, string> {
  const pairs = outgoingHeaders(readHead(headers), { ...PLAIN, ...more })
  return Object.fromEntries(
    pairs.flatMap((name, at) => (at % 2 === 0 ? [[name.toLowerCase(), pairs[at + 1] ?? '']] : [])),
  )
}

describe('what goes to a service', () => {
  it.each([
    'X-Account-Id',
    'x-session-id',
    'X-CLIENT-ID',
    'X-Roles',
    'X-Access-Token',
    'X_Account_Id',
    'x_roles',
    'X-Session_Id',
  ])('RFC 9700 4.13 has no %s of the client', (name) => {
    expect(outgoing([name, 'forged'])).toEqual({ host: 'h' })
  })

  it('has nothing that is about the connection to the client', () => {
    const headers = ['Connection', 'close, X-Hop', 'X-Hop', '1', 'Keep-Alive', '5', 'TE', 'trailers', 'Trailer', 'X-T']
    const more = ['Upgrade', 'h2c', 'Proxy-Authorization', 'Basic x', 'Transfer-Encoding', 'chunked', 'Accept', '*/*']
    expect(outgoing([...headers, ...more])).toEqual({ host: 'h', accept: '*/*' })
  })

  it('keeps who calls also where Connection names it', () => {
    const identity = ['x-account-id', 'ada']
    const headers = ['Connection', 'X-Account-Id, Authorization, Host', 'X-Account-Id', 'eve']
    expect(outgoing(headers, { identity, authorization: 'Bearer t' })).toEqual({
      host: 'h',
      authorization: 'Bearer t',
      'x-account-id': 'ada',
    })
  })

  it('has no credential of the client, and the cookies that are somebody else’s', () => {
    const headers = [
      'Authorization',
      'Bearer a',
      'Cookie',
      'a=1; __Host-session=cfs_x; b=2',
      'Cookie',
      '__Host-session=cfs_y',
    ]
    expect(outgoing(headers)).toEqual({ host: 'h', cookie: 'a=1; b=2' })
    expect(outgoing(headers, { keepsCredentials: true })).toMatchObject({ authorization: 'Bearer a' })
  })

  it('has nothing that a client says about how it came', () => {
    for (const name of [
      'Forwarded',
      'X-Forwarded-For',
      'X-Forwarded-Host',
      'X-Real-IP',
      'X-Original-URL',
      'X_Forwarded_For',
    ])
      expect(outgoing([name, '1.2.3.4'])).toEqual({ host: 'h' })
  })
})

describe('how a request came', () => {
  it('is told as it is seen here, and in both ways', () => {
    const headers = forwardedHeaders({ peer: '::1', scheme: 'https', host: 'h:1', told: undefined })
    expect(headers).toEqual([
      'x-forwarded-for',
      '::1',
      'x-forwarded-proto',
      'https',
      'x-forwarded-host',
      'h:1',
      'forwarded',
      'for="[::1]";host="h:1";proto=https',
    ])
  })

  it('goes on from what a trusted proxy said', () => {
    const told = { for: '203.0.113.9', scheme: 'https', host: 'api.example.com' }
    expect(forwardedHeaders({ peer: '10.0.0.1', scheme: 'http', host: 'inner', told })).toEqual([
      'x-forwarded-for',
      '203.0.113.9, 10.0.0.1',
      'x-forwarded-proto',
      'https',
      'x-forwarded-host',
      'api.example.com',
    ])
  })
})

describe('trusted proxies', () => {
  const trusts = trustProxies(['10.0.0.0/8', '::1'])

  it('V15.3.4 are those of the list and nobody else', () => {
    expect(['10.1.2.3', '::1', '11.0.0.1', '::2', 'x'].map(trusts)).toEqual([true, true, false, false, false])
    expect(trustProxies([])('127.0.0.1')).toBe(false)
  })

  it('V15.3.4 the client is the nearest that nobody trusted vouches for', () => {
    const of = (peer: string, told?: string): string => clientAddress(peer, told, trusts)
    expect(of('203.0.113.1', '1.1.1.1')).toBe('203.0.113.1')
    expect(of('10.0.0.1', '1.1.1.1, 203.0.113.9, 10.0.0.2')).toBe('203.0.113.9')
    expect(of('10.0.0.1', 'nonsense')).toBe('10.0.0.1')
    expect(of('10.0.0.1', '[2001:db8::1]:443')).toBe('2001:db8::1')
    expect(plainAddress('::ffff:10.0.0.1')).toBe('10.0.0.1')
  })

  it.each([['10.0.0.0/33'], ['x'], ['0.0.0.0/0'], ['10.0.0.0/8/8'], ['10.0.0.0/']])('cannot be %s', (entry) => {
    expect(() => trustProxies([entry])).toThrow('trustedProxies[0]')
  })
})

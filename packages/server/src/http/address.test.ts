import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientAddress, trustProxies } from './address.ts'

const trusts = trustProxies(['10.0.0.0/8', '2001:db8:ffff::/48', '127.0.0.1'])

describe('the address of a client', () => {
  it("V15.3.4 is the peer's when no proxy is trusted, whatever a header says", () => {
    expect(clientAddress('198.51.100.7', '203.0.113.9', trustProxies([]))).toBe('198.51.100.7')
  })

  it("V15.3.4 is the peer's when the peer is no trusted proxy", () => {
    expect(clientAddress('198.51.100.7', '203.0.113.9', trusts)).toBe('198.51.100.7')
  })

  it('V15.3.4 is the first from the right that no trusted proxy has', () => {
    expect(clientAddress('10.1.1.1', '6.6.6.6, 203.0.113.9, 10.2.2.2', trusts)).toBe('203.0.113.9')
    expect(clientAddress('2001:db8:ffff::1', '6.6.6.6, 2001:db8:1::9', trusts)).toBe('2001:db8:1::9')
  })

  it('is the leftmost when all of them are trusted', () => {
    expect(clientAddress('127.0.0.1', '10.3.3.3', trusts)).toBe('10.3.3.3')
  })

  it.each(['unknown', '', '999.1.1.1', 'a'.repeat(5000), '203.0.113.9 10.0.0.1', '\0'])(
    'stops at what is no address: %j',
    (garbage) => {
      expect(clientAddress('10.1.1.1', `203.0.113.9, ${garbage}, 10.2.2.2`, trusts)).toBe('10.2.2.2')
    },
  )

  it('is told without port, brackets and zone, and as IPv4 where it is one', () => {
    expect(clientAddress('10.1.1.1', '203.0.113.9:4711', trusts)).toBe('203.0.113.9')
    expect(clientAddress('10.1.1.1', '[2001:db8::1]:4711', trusts)).toBe('2001:db8::1')
    expect(clientAddress('::ffff:10.1.1.1', '203.0.113.9', trusts)).toBe('203.0.113.9')
    expect(clientAddress('fe80::1%eth0', undefined, trusts)).toBe('fe80::1')
  })

  it('is an address, whatever the header holds', () => {
    const hop = fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.constant('10.9.9.9'))
    fc.assert(
      fc.property(fc.array(hop), (hops) => {
        expect(isIP(clientAddress('10.1.1.1', hops.join(', '), trusts) ?? '')).not.toBe(0)
      }),
    )
  })

  it('is not there for a peer without one', () => {
    expect(clientAddress(undefined, '203.0.113.9', trusts)).toBeUndefined()
  })
})

describe('the list of trusted proxies', () => {
  it.each(['nonsense', '10.0.0.0/33', '0.0.0.0/0', '::/0', ''])('refuses %j', (entry) => {
    expect(() => trustProxies([entry])).toThrow(TypeError)
  })
})

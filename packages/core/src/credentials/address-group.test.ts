import { BlockList } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressGroup } from './address-group.ts'

const byte = fc.nat(255)
const ipv4 = fc.tuple(byte, byte, byte, byte)
const word = fc.oneof(fc.constant(0), fc.nat(0xffff))
const words = fc.array(word, { minLength: 8, maxLength: 8 })

interface Writing {
  readonly upper: boolean
  readonly padded: boolean
  readonly dotted: boolean
  readonly zone: string
  /** Which run of zeros becomes `::`, if there is one; out of range: none. */
  readonly squeeze: number
}

const writing: fc.Arbitrary<Writing> = fc.record({
  upper: fc.boolean(),
  padded: fc.boolean(),
  dotted: fc.boolean(),
  zone: fc.constantFrom('', '%eth0', '%1'),
  squeeze: fc.nat(7),
})

/** One of the many texts of an IPv6 address (RFC 4291 2.2). */
function write(address: readonly number[], { upper, padded, dotted, zone, squeeze }: Writing): string {
  const text = (part: readonly number[]): string[] =>
    part.map((each) => {
      const digits = padded ? each.toString(16).padStart(4, '0') : each.toString(16)
      return upper ? digits.toUpperCase() : digits
    })
  const tail = dotted
    ? [
        address
          .slice(6)
          .flatMap((each) => [each >>> 8, each & 255])
          .join('.'),
      ]
    : text(address.slice(6))
  const all = [...text(address.slice(0, 6)), ...tail]
  let end = squeeze
  while (end < 6 && address[end] === 0) end++
  if (end === squeeze) return `${all.join(':')}${zone}`
  return `${all.slice(0, squeeze).join(':')}::${all.slice(end).join(':')}${zone}`
}

function carriesIpv4(address: readonly number[]): boolean {
  const lead = address.slice(0, 6).join(' ')
  return lead === '0 0 0 0 0 65535' || lead === '100 65435 0 0 0 0'
}

describe('the group of an address', () => {
  test('is the address itself for IPv4', () => {
    fc.assert(fc.property(ipv4, (bytes) => addressGroup(bytes.join('.')) === bytes.join('.')))
  })

  test('is the IPv4 address for one in IPv6 clothes, however it is written', () => {
    const lead = fc.constantFrom([0, 0, 0, 0, 0, 0xffff], [0x64, 0xff9b, 0, 0, 0, 0])
    fc.assert(
      fc.property(ipv4, lead, writing, ([a, b, c, d], head, how) => {
        const address = [...head, a * 256 + b, c * 256 + d]
        expect(addressGroup(write(address, how))).toBe([a, b, c, d].join('.'))
      }),
    )
  })

  test('is the same for every way to write an IPv6 address', () => {
    fc.assert(
      fc.property(words, writing, writing, (address, one, other) => {
        expect(addressGroup(write(address, one))).toBe(addressGroup(write(address, other)))
      }),
    )
  })

  test('is shared by two IPv6 addresses exactly when they are in one /64, as node:net judges it', () => {
    const changed = fc.oneof(fc.constant(-1), fc.nat(7))
    fc.assert(
      fc.property(words, changed, word, writing, (address, at, to, how) => {
        const other = address.map((each, index) => (index === at ? to : each))
        fc.pre(!carriesIpv4(address) && !carriesIpv4(other))
        const subnet = new BlockList()
        subnet.addSubnet(address.map((each) => each.toString(16)).join(':'), 64, 'ipv6')
        const together = subnet.check(other.map((each) => each.toString(16)).join(':'), 'ipv6')
        expect(addressGroup(write(other, how)) === addressGroup(write(address, how))).toBe(together)
      }),
    )
  })

  test('is unknown for what is absent or no address, whatever it is', () => {
    const odd = [
      '',
      ' ',
      '1.2.3',
      '1.2.3.4.5',
      '01.2.3.4',
      '1.2.3.256',
      '1.2.3.4%eth0',
      '1.2.3.4:80',
      '[::1]',
      '::1::',
      'x',
    ]
    expect(addressGroup(undefined)).toBe('unknown')
    expect(odd.filter((address) => addressGroup(address) !== 'unknown')).toEqual([])
    fc.assert(fc.property(fc.string(), (text) => addressGroup(`${text}!`) === 'unknown'))
  })

  test('reads the edges of the notation', () => {
    expect(addressGroup('::')).toBe('0:0:0:0::/64')
    expect(addressGroup('::1')).toBe('0:0:0:0::/64')
    expect(addressGroup('2001:db8::')).toBe('2001:db8:0:0::/64')
    expect(addressGroup('1:2:3:4:5:6:7::')).toBe('1:2:3:4::/64')
    expect(addressGroup('::2:3:4:5:6:7:8')).toBe('0:2:3:4::/64')
    expect(addressGroup('fe80::1%eth0')).toBe('fe80:0:0:0::/64')
    expect(addressGroup('::ffff:192.0.2.1')).toBe('192.0.2.1')
    expect(addressGroup('::FFFF:C000:201')).toBe('192.0.2.1')
    expect(addressGroup('::192.0.2.1')).toBe('0:0:0:0::/64')
  })
})

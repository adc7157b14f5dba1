import { describe, expect, it } from 'vitest'
import { changesSomething, isOriginAllowed } from './cross-origin.ts'

const OWN = 'https://auth.example.com'
const LISTED = ['https://app.example.com']

function allowed(site: string | undefined, origin: string | undefined): boolean {
  return isOriginAllowed({ site, origin }, OWN, LISTED)
}

describe('a request with a cookie that changes something', () => {
  it.each([
    ['same-origin', OWN],
    ['same-origin', undefined],
    ['same-origin', 'null'],
    ['none', undefined],
    [undefined, OWN],
    ['same-site', 'https://app.example.com'],
    ['cross-site', 'https://app.example.com'],
    [undefined, 'https://app.example.com'],
  ])('V3.5.1 is carried out from site %s, origin %s', (site, origin) => {
    expect(allowed(site, origin)).toBe(true)
  })

  it.each([
    ['cross-site', 'https://evil.example'],
    ['same-site', 'https://other.example.com'],
    ['cross-site', undefined],
    ['same-site', undefined],
    ['cross-site', OWN],
    ['cross-site', 'null'],
    [undefined, 'null'],
    [undefined, 'https://evil.example'],
    [undefined, 'http://auth.example.com'],
    [undefined, 'https://auth.example.com.evil.example'],
    [undefined, 'https://app.example.com/'],
    ['nonsense', undefined],
    [undefined, undefined],
  ])('V3.5.1 is refused from site %s, origin %s', (site, origin) => {
    expect(allowed(site, origin)).toBe(false)
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'PROPPATCH', 'post', ''])('is one with the method %j', (method) => {
    expect(changesSomething(method)).toBe(true)
  })

  it.each(['GET', 'HEAD', 'OPTIONS'])('is none with the method %s', (method) => {
    expect(changesSomething(method)).toBe(false)
  })
})

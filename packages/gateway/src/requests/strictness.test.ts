import { describe, expect, it } from 'vitest'
import { readHead } from './head.ts'
import { hostnameOf, readStrictly, type RequestLine } from './strictness.ts'

const LINE: RequestLine = { httpVersionMajor: 1, httpVersionMinor: 1, method: 'GET', url: '/' }

function read(headers: readonly string[], line: Partial<RequestLine> = {}) {
  return readStrictly({ ...LINE, ...line }, readHead(headers))
}

describe('a request', () => {
  it.each([
    ['two hosts', ['Host', 'a', 'host', 'a'], {}],
    ['no host', [], {}],
    ['a list for a host', ['Host', 'a, b'], {}],
    ['a user in its host', ['Host', 'a@b'], {}],
    ['a path in its host', ['Host', 'a/b'], {}],
    ['a coding besides chunked', ['Host', 'a', 'Transfer-Encoding', 'gzip, chunked'], {}],
    ['two codings', ['Host', 'a', 'Transfer-Encoding', 'chunked', 'transfer-encoding', 'chunked'], {}],
    ['a length and a coding', ['Host', 'a', 'Content-Length', '1', 'Transfer-Encoding', 'chunked'], {}],
    ['a coding in HTTP/1.0', ['Host', 'a', 'Transfer-Encoding', 'chunked'], { httpVersionMinor: 0 }],
    [
      'a coding in HTTP/2',
      [':authority', 'a', 'Transfer-Encoding', 'chunked'],
      { httpVersionMajor: 2, httpVersionMinor: 0 },
    ],
    ['HTTP/2 in its first line', ['Host', 'a'], { httpVersionMajor: 2, httpVersionMinor: 0 }],
    ['a coding and a WebSocket', ['Host', 'a', 'Transfer-Encoding', 'chunked', 'Upgrade', 'websocket'], {}],
    ['another host in its target', ['Host', 'a'], { url: 'http://b/' }],
    ['a target that is no path', ['Host', 'a'], { url: 'a:80', method: 'CONNECT' }],
    ['a star', ['Host', 'a'], { url: '*', method: 'OPTIONS' }],
    ['a version that nobody speaks', ['Host', 'a'], { httpVersionMinor: 2 }],
    [
      'an authority that is not its host',
      [':authority', 'a', 'host', 'b'],
      { httpVersionMajor: 2, httpVersionMinor: 0 },
    ],
  ])('with %s is refused', (_, headers, line) => {
    expect(read(headers, line)).toHaveProperty('fault')
  })

  it.each([
    ['a path', ['Host', 'a'], {}, { host: 'a', target: '/' }],
    ['a URL of its host', ['Host', 'a:1'], { url: 'http://A:1/x?y' }, { host: 'a:1', target: '/x?y' }],
    ['a URL without a path', ['Host', 'a'], { url: 'http://a?y' }, { host: 'a', target: '/?y' }],
    ['chunks', ['Host', '[::1]:80', 'Transfer-Encoding', 'Chunked'], {}, { host: '[::1]:80', target: '/' }],
    [
      'an authority',
      [':path', '/', ':authority', 'a'],
      { httpVersionMajor: 2, httpVersionMinor: 0 },
      { host: 'a', target: '/' },
    ],
  ])('with %s is understood', (_, headers, line, expected) => {
    expect(read(headers, line)).toEqual(expected)
  })
})

it.each([
  ['API.Example.com:8080', 'api.example.com'],
  ['[::1]:80', '[::1]'],
  ['[::1]', '[::1]'],
  ['example.com.', 'example.com'],
])('the name in the host %s is %s', (host, expected) => {
  expect(hostnameOf(host)).toBe(expected)
})

import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { writeRequestHead } from './request-text.ts'

const GET = { method: 'GET', target: '/a?b=c', headers: ['host', 'x'] }

describe('a request to a service', () => {
  it('is written as HTTP/1.1 has it', () => {
    expect(writeRequestHead(GET)).toEqual({
      text: 'GET /a?b=c HTTP/1.1\r\nhost: x\r\nconnection: keep-alive\r\n\r\n',
      length: 0,
    })
  })

  it('has a body as long as it says, or in chunks', () => {
    const body = Readable.from(['abc'])
    const sized = writeRequestHead({ ...GET, method: 'POST', headers: ['Content-Length', '3'], body })
    expect(sized).toEqual({
      text: 'POST /a?b=c HTTP/1.1\r\nContent-Length: 3\r\nconnection: keep-alive\r\n\r\n',
      length: 3,
    })
    const chunked = writeRequestHead({ ...GET, method: 'POST', body })
    expect(chunked?.text).toContain('transfer-encoding: chunked\r\n')
    expect(chunked?.length).toBe('chunked')
  })

  it('says that it has no body where one is expected', () => {
    expect(writeRequestHead({ ...GET, method: 'POST' })?.text).toContain('content-length: 0\r\n')
    expect(writeRequestHead(GET)?.text).not.toContain('content-length')
  })

  it.each([
    ['a line in its target', { target: '/ HTTP/1.1\r\nX: y' }],
    ['a blank in its target', { target: '/a b' }],
    ['no target', { target: '' }],
    ['a blank in its method', { method: 'GET /x HTTP/1.1\r\n' }],
    ['a line in a value', { headers: ['x-roles', 'a\r\nx-account-id: eve'] }],
    ['a line in a name', { headers: ['x\r\ny', 'a'] }],
    ['NUL in a value', { headers: ['x', 'a\0'] }],
    ['letters that Latin-1 has not', { headers: ['x-roles', '\u010a'] }],
    ['two lengths', { headers: ['content-length', '0', 'Content-Length', '0'] }],
    ['a length that is none', { headers: ['content-length', '-1'] }],
    ['a length and no body', { headers: ['content-length', '5'] }],
  ])('is not sent with %s', (_, more) => {
    expect(writeRequestHead({ ...GET, ...more })).toBeUndefined()
  })
})

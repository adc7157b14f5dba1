import { request } from 'node:http'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { readResponseHead } from './response-head.ts'
import { ResponseReader } from './response-reader.ts'

interface Told {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string
  readonly isWhole: boolean
  readonly rest: string
}

/** What is read of an answer that comes in these pieces; undefined when it is none. */
function read(pieces: readonly string[], method = 'GET'): Told | undefined {
  let told: Told = { status: 0, headers: [], body: '', isWhole: false, rest: '' }
  const reader = new ResponseReader({
    head: ({ status, headers }) => (told = { ...told, status, headers }),
    data: (chunk) => (told = { ...told, body: told.body + chunk.toString('latin1') }),
    end: (rest) => (told = { ...told, isWhole: true, rest: rest.toString('latin1') }),
  })
  reader.expect(method)
  for (const piece of pieces) {
    if (told.isWhole) told = { ...told, rest: told.rest + piece }
    else if (piece !== '' && !reader.read(Buffer.from(piece, 'latin1'))) return undefined
  }
  return told
}

/** The text cut at these places. */
function cutAt(text: string, places: readonly number[]): string[] {
  const sorted = [0, ...places.map((place) => place % (text.length + 1)), text.length].toSorted((a, b) => a - b)
  return sorted.slice(1).map((end, at) => text.slice(sorted[at], end))
}

const OK = 'HTTP/1.1 200 OK\r\n'
const places = fc.array(fc.nat(10_000), { maxLength: 12 })

describe('an answer', () => {
  it.each([
    ['with a length', `${OK}Content-Length: 5\r\n\r\nhello`, 'hello', ''],
    ['in chunks', `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;a=b\r\nlo\r\n0\r\nX-T: 1\r\n\r\n`, 'hello', ''],
    ['of nothing', 'HTTP/1.1 204 No Content\r\n\r\n', '', ''],
    ['that has not changed', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', '', ''],
    ['after an interim one', `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${OK}Content-Length: 2\r\n\r\nhi`, 'hi', ''],
    ['with what nobody asked for', `${OK}Content-Length: 2\r\n\r\nhi${OK}`, 'hi', OK],
    ['without a reason', 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi', 'hi', ''],
  ])('%s is read alike in whatever pieces it comes', (_, text, body, rest) => {
    fc.assert(
      fc.property(places, (at) => {
        expect(read(cutAt(text, at))).toMatchObject({ body, rest, isWhole: true })
      }),
    )
    expect(read(text.split(''))).toMatchObject({ body, rest, isWhole: true })
  })

  it('without a length ends with its connection', () => {
    expect(read([`${OK}\r\nhello`])).toMatchObject({ body: 'hello', isWhole: false })
  })

  it('to HEAD has a length and no body', () => {
    expect(read([`${OK}Content-Length: 5\r\n\r\n`], 'HEAD')).toMatchObject({ body: '', isWhole: true })
  })

  it('keeps its own headers, each as often as it is there, and loses those about the connection', () => {
    const own = 'Set-Cookie: a\r\nset-cookie: b\r\nETag: "\xe9"\r\n'
    const hop = 'Connection: X-Hop, close\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n'
    expect(read([`${OK}${own}${hop}\r\n`])?.headers).toEqual(['Set-Cookie', 'a', 'set-cookie', 'b', 'ETag', '"\xe9"'])
  })

  it.each([
    ['another version', 'HTTP/2 200 OK\r\n\r\n'],
    ['no status', 'HTTP/1.1 OK\r\n\r\n'],
    ['four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['two lengths', `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`],
    ['a list of lengths', `${OK}Content-Length: 5, 5\r\n\r\nhello`],
    ['a signed length', `${OK}Content-Length: +5\r\n\r\nhello`],
    ['no length after its name', `${OK}Content-Length:\r\n\r\nhello`],
    ['a length and chunks', `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['another coding', `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ['two codings', `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a folded header', `${OK}X-A: a\r\n b\r\n\r\n`],
    ['a blank before a colon', `${OK}Content-Length : 5\r\n\r\nhello`],
    ['a line without a colon', `${OK}nonsense\r\n\r\n`],
    ['a bare CR in a header', `${OK}X-A: a\rSet-Cookie: b\r\n\r\n`],
    ['a bare LF in a header', `${OK}X-A: a\nSet-Cookie: b\r\n\r\n`],
    ['NUL in a header', `${OK}X-A: a\0b\r\n\r\n`],
    ['a chunk of no size', `${OK}Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n`],
    ['a chunk that ends in LF', `${OK}Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n`],
    ['a chunk longer than it says', `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n`],
    ['a chunk that is too large to be one', `${OK}Transfer-Encoding: chunked\r\n\r\n100000000\r\nabc`],
    ['a head without an end', `${OK}X-A: ${'a'.repeat(40_000)}`],
    ['a chunk extension without an end', `${OK}Transfer-Encoding: chunked\r\n\r\n1;${'a'.repeat(5000)}`],
    ['endless trailers', `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n${`X-T: ${'a'.repeat(1000)}\r\n`.repeat(20)}`],
  ])('is none with %s', (_, text) => {
    expect(read([text])).toBeUndefined()
    expect(read(text.split(''))).toBeUndefined()
  })

  it.each([
    ['stays open by itself', '', true],
    ['closes where it says so', 'Connection: foo, Close\r\n', false],
  ])('of HTTP/1.1 %s', (_, more, persists) => {
    expect(readResponseHead(`${OK}${more}Content-Length: 0`, 'GET')?.persists).toBe(persists)
  })

  it('of HTTP/1.0 closes unless it says otherwise, and names how long the connection is kept', () => {
    const old = 'HTTP/1.0 200 OK\r\nContent-Length: 0'
    expect(readResponseHead(old, 'GET')?.persists).toBe(false)
    const kept = readResponseHead(`${old}\r\nConnection: keep-alive\r\nKeep-Alive: timeout=7, max=3`, 'GET')
    expect(kept).toMatchObject({ persists: true, keptSeconds: 7 })
  })
})

describe('the parser of Node', () => {
  let answer = ''
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined).once('data', () => socket.end(answer, 'latin1'))
  })
  afterAll(() => server.close())

  /** What Node makes of an answer; undefined when it is none. */
  async function readByNode(text: string): Promise<Pick<Told, 'status' | 'body'> | undefined> {
    answer = text
    if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    return new Promise((resolve) => {
      const asked = request({ port, host: '127.0.0.1', agent: false }, (response) => {
        let body = ''
        response.setEncoding('latin1').on('data', (chunk: string) => (body += chunk))
        response.on('error', () => resolve(undefined))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
      })
      asked.on('error', () => resolve(undefined)).end()
    })
  }

  const line = fc.constantFrom(
    'Content-Length: 3',
    'Content-Length: 0',
    'content-length: 03',
    'Transfer-Encoding: chunked',
    'transfer-encoding: Chunked',
    'Transfer-Encoding: identity',
    'X-A: a b',
    'X-B:',
    ' folded',
    'X C: d',
    'Connection: close',
  )
  const body = fc.constantFrom('', 'abc', '3\r\nabc\r\n0\r\n\r\n', '0\r\n\r\n', '3\r\nabc\r\n', 'abcdef', 'zz\r\n')

  it('reads what is read here in the same way: whatever both take is the same answer', async () => {
    let bothTook = 0
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 3 }), body, places, async (lines, rest, at) => {
        const text = `${OK}${lines.map((each) => `${each}\r\n`).join('')}\r\n${rest}`
        const [ours, theirs] = [read(cutAt(text, at)), await readByNode(text)]
        const isWhole = ours !== undefined && (ours.isWhole || !/^(content-length|transfer-encoding)/im.test(text))
        if (!isWhole || theirs === undefined) return
        bothTook++
        expect({ status: ours.status, body: ours.body }).toEqual(theirs)
      }),
      { numRuns: 300 },
    )
    expect(bothTook).toBeGreaterThan(30)
  })

  it('is there to be compared with', async () => {
    expect(await readByNode(`${OK}Content-Length: 2\r\n\r\nhi`)).toEqual({ status: 200, body: 'hi' })
  })
})

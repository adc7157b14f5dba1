import { beforeAll, describe, expect, it } from 'vitest'
import { openServer, present, signIn, type Call, type TestServer } from '../server.fixture.ts'

let test: TestServer
let token: string
beforeAll(async () => {
  test = await openServer()
  token = present((await signIn(test, 'stateful')).token)
})

const path = (name: string): string => `/sessions/current/attributes/${name}`
const put = (name: string, json: unknown, headers: Call['headers'] = {}) =>
  test.call({ method: 'PUT', path: path(name), token, json, headers })
const get = (name: string, headers: Call['headers'] = {}) => test.call({ path: path(name), token, headers })
const remove = (name: string, headers: Call['headers'] = {}) =>
  test.call({ method: 'DELETE', path: path(name), token, headers })

describe('an attribute', () => {
  it.each([[['tea']], ['text'], [''], [0], [false], [null], [{ nested: { deep: [1, '값'] } }]])(
    'keeps %j as it is',
    async (value) => {
      const written = await put('any', value)
      expect(written.status).toBe(204)
      const read = await get('any')
      expect(JSON.parse(read.text)).toEqual(value)
      expect(read.headers['etag']).toBe(written.headers['etag'])
    },
  )

  it.each(['stateful', 'hybrid'])('belongs to one %s session', async (clientId) => {
    const mine = await signIn(test, clientId)
    const other = await signIn(test, clientId)
    await test.call({ method: 'PUT', path: path('cart'), token: mine.token, json: ['tea'] })
    const { status, body } = await test.call({ path: path('cart'), token: other.token })
    expect([status, body['code']]).toEqual([404, 'not_found'])
  })

  it('is not for stateless sessions', async () => {
    const stateless = await signIn(test, 'stateless')
    for (const call of [
      { path: path('cart') },
      { method: 'PUT', path: path('cart'), json: 1 },
      { method: 'DELETE', path: path('cart') },
    ]) {
      const { status, body } = await test.call({ ...call, token: stateless.token })
      expect([status, body['code']]).toEqual([409, 'no_attributes'])
    }
  })

  it('is written only at the version that If-Match names', async () => {
    const first = present((await put('versioned', 1)).headers['etag'])
    const second = await put('versioned', 2, { 'if-match': first })
    expect(second.status).toBe(204)
    const stale = await put('versioned', 3, { 'if-match': first })
    expect([stale.status, stale.body['code']]).toEqual([412, 'attribute_changed'])
    expect((await remove('versioned', { 'if-match': first })).status).toBe(412)
    expect((await put('versioned', 3, { 'if-match': `W/${present(second.headers['etag'])}` })).status).toBe(412)
    expect((await get('versioned')).text).toBe('2')
  })

  it('is written only where it is, or where it is not, if that is asked for', async () => {
    await remove('maybe')
    expect((await put('maybe', 1, { 'if-match': '*' })).status).toBe(412)
    expect((await put('maybe', 1, { 'if-none-match': '*' })).status).toBe(204)
    expect((await put('maybe', 2, { 'if-none-match': '*' })).status).toBe(412)
    expect((await put('maybe', 2, { 'if-match': '*' })).status).toBe(204)
    expect((await get('maybe')).text).toBe('2')
  })

  it('is written by one of many who saw the same version', async () => {
    const seen = present((await put('raced', 0)).headers['etag'])
    const answers = await Promise.all([1, 2, 3, 4, 5].map((value) => put('raced', value, { 'if-match': seen })))
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 412, 412, 412, 412])
  })

  it('is not sent again to a reader who has it', async () => {
    const tag = present((await put('known', 'x')).headers['etag'])
    const { status, text, headers } = await get('known', { 'if-none-match': tag })
    expect([status, text, headers['etag']]).toEqual([304, '', tag])
    expect((await get('known', { 'if-none-match': '"0"' })).status).toBe(200)
  })

  it('is gone after it was taken away, which may be done twice', async () => {
    await put('gone', 1)
    expect((await remove('gone')).status).toBe(204)
    expect((await remove('gone')).status).toBe(204)
    expect((await get('gone')).status).toBe(404)
  })

  it('does not make the data larger than 64 KiB', async () => {
    const roomy = present((await signIn(test, 'stateful')).token)
    const write = (name: string, size: number) =>
      test.call({ method: 'PUT', path: path(name), token: roomy, json: 'x'.repeat(size) })
    expect((await write('a', 40_000)).status).toBe(204)
    const second = await write('b', 30_000)
    expect([second.status, second.body['code']]).toEqual([413, 'attributes_too_large'])
    expect((await test.call({ path: path('b'), token: roomy })).status).toBe(404)
  })

  it.each(['%00', '__proto__', '.', '-a', 'a%20b', 'a'.repeat(65), '%ED%A0%80', 'ä'])(
    'has no name like %s',
    async (name) => {
      const { status, body } = await put(name, 1)
      expect([400, 404]).toContain(status)
      expect(['invalid_request', 'not_found']).toContain(body['code'])
    },
  )

  it.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf'])(
    'named %s is none before it is written',
    async (name) => {
      expect((await get(name)).status).toBe(404)
      expect((await put(name, 1)).status).toBe(204)
      expect((await get(name)).text).toBe('1')
    },
  )

  it('needs a value', async () => {
    const { status, body } = await test.call({ method: 'PUT', path: path('empty'), token })
    expect([status, body['code']]).toEqual([400, 'malformed_json'])
  })
})

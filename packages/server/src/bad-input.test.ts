import { createHash } from 'node:crypto'
import { ERRORS } from '@counterfoil/protocol'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  EMAIL,
  openServer,
  PASSWORD,
  present,
  signIn,
  VERIFIER,
  type Answer,
  type Call,
  type TestServer,
} from './server.fixture.ts'
import { OAUTH_ERRORS } from './wire/oauth.ts'

let test: TestServer
let token: string
beforeAll(async () => {
  test = await openServer({ settings: { signInAttemptsPerSource: 10_000, signInAttemptsPerAccount: 100_000 } })
  token = present((await signIn(test, 'stateful')).token)
})

/** Every endpoint that takes a JSON body, with a good one. */
const JSON_ENDPOINTS: readonly {
  readonly method: string
  readonly path: string
  readonly good: Readonly<Record<string, unknown>>
}[] = [
  { method: 'POST', path: '/accounts', good: { email: 'new@example.com', password: PASSWORD, name: 'New' } },
  {
    method: 'POST',
    path: '/sessions',
    good: { client_id: 'hybrid', email: EMAIL, password: 'wrong', device_label: 'x' },
  },
  { method: 'PATCH', path: '/account', good: { name: 'Ada', email: EMAIL, current_password: 'wrong' } },
  { method: 'PUT', path: '/account/password', good: { current_password: 'wrong', new_password: 'x' } },
]

const FORM_ENDPOINTS: readonly { readonly path: string; readonly good: Readonly<Record<string, string>> }[] = [
  { path: '/oauth/token', good: { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'hybrid' } },
  { path: '/oauth/revoke', good: { token: 'x', client_id: 'hybrid' } },
  { path: '/oauth/introspect', good: { token: 'x', client_id: 'backend' } },
]

const WRONG_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  [],
  ['text'],
  {},
  { $ne: null },
  '',
  'a\0b',
  '\ud800',
  '\udfff\ud800',
  'x'.repeat(5000),
]

const BROKEN_JSON: readonly (string | Buffer)[] = [
  '',
  ' ',
  '{',
  '{"a":}',
  "{'a':1}",
  '{"a":1,}',
  'undefined',
  'NaN',
  '{"a":1}{"b":2}',
  '{"a":1e999999999}'.slice(0, 8),
  '\ufeff\ufeff{}',
  Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
  Buffer.from([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]),
  '{"__proto__":{"admin":true}}',
  '{"constructor":{"prototype":{"admin":true}}}',
  '\0',
]

const WRONG_BODIES: readonly unknown[] = [null, true, 1, 'text', [], [{}], {}]

const JSON_TYPE = { 'content-type': 'application/json' }

/** A 4xx with a code from the table, which repeats nothing of what was sent. */
function expectRefused({ status, body, headers }: Answer, what: string): void {
  const code = body['code'] ?? body['error']
  const known: readonly unknown[] = [...Object.keys(ERRORS), ...OAUTH_ERRORS]
  const found = {
    what,
    refused: status >= 400 && status < 500,
    known: known.includes(code),
    cache: headers['cache-control'],
  }
  expect(found).toEqual({ what, refused: true, known: true, cache: 'no-store' })
  if (typeof body['code'] === 'string') expect(ERRORS[body['code'] as keyof typeof ERRORS][0]).toBe(status)
}

function jsonCall({ method, path }: { method: string; path: string }, more: Partial<Call>): Call {
  return { method, path, token, headers: JSON_TYPE, ...more }
}

describe.each(JSON_ENDPOINTS)('bad input to $method $path', (endpoint) => {
  it('is refused when it is no JSON, and says so', async () => {
    for (const body of BROKEN_JSON) {
      const answer = await test.call(jsonCall(endpoint, { body }))
      expectRefused(answer, JSON.stringify(body))
      expect([JSON.stringify(body), answer.body['code']]).toEqual([JSON.stringify(body), 'malformed_json'])
    }
  })

  it('is refused when it is another value than an object with the right members', async () => {
    for (const value of WRONG_BODIES)
      expectRefused(await test.call(jsonCall(endpoint, { json: value })), JSON.stringify(value))
  })

  it('is refused when a member has a wrong value, and the member is named', async () => {
    for (const name of Object.keys(endpoint.good)) {
      for (const value of WRONG_VALUES) {
        if (name === 'name' && value === null) continue
        const answer = await test.call(jsonCall(endpoint, { json: { ...endpoint.good, [name]: value } }))
        expectRefused(answer, `${name}: ${JSON.stringify(value)?.slice(0, 50)}`)
        if (answer.body['code'] === 'invalid_request') expect(answer.body['field']).toBe(`/${name}`)
      }
    }
  })

  it('is refused when a member is there that is not known, or there twice', async () => {
    for (const name of ['unknown', 'roles', 'id', 'constructor', 'toString', 'is_admin', 'a/b~c']) {
      const answer = await test.call(jsonCall(endpoint, { json: { ...endpoint.good, [name]: 1 } }))
      expectRefused(answer, name)
      expect(answer.body['field']).toBe(`/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    }
    const [name = ''] = Object.keys(endpoint.good)
    const twice = JSON.stringify(endpoint.good).replace('{', `{"${name}":"x",`)
    expectRefused(await test.call(jsonCall(endpoint, { body: twice })), twice)
  })

  it('is refused when it is nested without end, or larger than 64 KiB', async () => {
    for (const body of [
      '['.repeat(30_000),
      '['.repeat(30_000) + ']'.repeat(30_000),
      `${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}`,
    ])
      expectRefused(await test.call(jsonCall(endpoint, { body })), 'nested')
    const answer = await test.call(jsonCall(endpoint, { json: { ...endpoint.good, padding: 'x'.repeat(65_536) } }))
    expect([answer.status, answer.body['code']]).toEqual([413, 'body_too_large'])
  })

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-16',
    'application/jsonp',
    'application/problem+json',
    'application',
    'a/b/c',
    ';',
    'text/html;charset="',
  ])('V3.5.2 is refused in the type %s', async (type) => {
    const body = JSON.stringify(endpoint.good)
    const answer = await test.call(jsonCall(endpoint, { body, headers: { 'content-type': type } }))
    expect([answer.status, answer.body['code']]).toEqual([415, 'unsupported_media_type'])
  })

  it('is refused without a type, and without a body', async () => {
    expectRefused(await test.call(jsonCall(endpoint, { body: JSON.stringify(endpoint.good), headers: {} })), 'no type')
    expectRefused(await test.call({ method: endpoint.method, path: endpoint.path, token }), 'no body')
  })

  it('is told without repeating what was sent', async () => {
    const secret = 'S3CR3T-never-to-be-seen'
    for (const name of Object.keys(endpoint.good)) {
      for (const value of [[secret], { [secret]: 1 }, `${secret}\0`]) {
        const { text } = await test.call(jsonCall(endpoint, { json: { ...endpoint.good, [name]: value } }))
        expect(text).not.toContain(secret)
      }
    }
  })
})

describe('bad input to PUT /sessions/current/attributes/{name}', () => {
  const put = (more: Partial<Call>): Promise<Answer> =>
    test.call({ method: 'PUT', path: '/sessions/current/attributes/bad', token, headers: JSON_TYPE, ...more })

  it('is refused, and nothing is written', async () => {
    for (const body of BROKEN_JSON) expectRefused(await put({ body }), JSON.stringify(body))
    for (const json of ['a\0b', { deep: ['\ud800'] }, { ['\0']: 1 }, { a: { __proto__: null, ['\udc00']: 1 } }])
      expectRefused(await put({ json }), JSON.stringify(json))
    expectRefused(await put({ body: '{"a":1,"a":2}' }), 'twice')
    expectRefused(await put({ body: '['.repeat(40) + ']'.repeat(40) }), 'nested')
    const { status } = await test.call({ path: '/sessions/current/attributes/bad', token })
    expect(status).toBe(404)
  })
})

describe.each(FORM_ENDPOINTS)('bad input to POST $path', ({ path, good }) => {
  const formType = { 'content-type': 'application/x-www-form-urlencoded' }
  const encoded = new URLSearchParams(good).toString()

  it('is refused when it is no form, or too large', async () => {
    for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x', 'nonsense', ';'])
      expectRefused(await test.call({ path, body: encoded, headers: { 'content-type': type } }), type)
    expectRefused(await test.call({ path, method: 'POST' }), 'no body')
    expectRefused(await test.call({ path, body: '', headers: formType }), 'empty')
    const large = await test.call({ path, body: `${encoded}&x=${'x'.repeat(65_536)}`, headers: formType })
    expect([large.status, large.body['error']]).toEqual([413, 'invalid_request'])
  })

  it('is refused when a parameter is missing or there twice', async () => {
    for (const [name, value] of Object.entries(good)) {
      expectRefused(await test.call({ path, body: `${encoded}&${name}=${value}`, headers: formType }), `${name} twice`)
      const others = new URLSearchParams(Object.entries(good).filter(([other]) => other !== name))
      const answer = await test.call({ path, body: others.toString(), headers: formType })
      if (name !== 'client_id') expectRefused(answer, `${name} missing`)
    }
  })

  it('is never more than refused, whatever the values hold', async () => {
    for (const name of Object.keys(good)) {
      for (const value of ['%00', '%ED%A0%80', '%zz', '%', '%FF%FE', 'a'.repeat(5000), '[]', '{}', '%F0%9F%98%80']) {
        const others = new URLSearchParams(Object.entries(good).filter(([other]) => other !== name)).toString()
        const answer = await test.call({ path, body: `${others}&${name}=${value}`, headers: formType })
        // RFC 7009 §2.2: a token that is none is 200.
        if (!(path === '/oauth/revoke' && name === 'token')) expectRefused(answer, `${name}=${value.slice(0, 20)}`)
        else expect(answer.status).toBe(200)
      }
    }
    for (const body of ['__proto__=x&constructor=y', '&&&===', '=x', 'a[b]=c', '\0\0'])
      expectRefused(await test.call({ path, body, headers: formType }), body)
  })
})

describe('a bad credential', () => {
  const flip = (text: string, at: number): string => {
    const index = at < 0 ? text.length + at : at
    return `${text.slice(0, index)}${text[index] === 'A' ? 'B' : 'A'}${text.slice(index + 1)}`
  }

  it('is refused with a code of its own, whichever endpoint it is shown to', async () => {
    const hybrid = await signIn(test, 'hybrid')
    const access = present(hybrid.token)
    const [header = '', payload = '', signature = ''] = access.split('.')
    const foreign = await openServer({ secret: new Uint8Array(32).fill(1) })
    const others = [await signIn(foreign, 'hybrid'), await signIn(foreign, 'stateful')].map((held) =>
      present(held.token),
    )
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')
    const bad = [
      '', 'x', '.', '..', '...', 'cfs_', 'cfs_x', 'cfr_', 'Bearer', token.slice(0, -1), `${token}A`, flip(token, 10), flip(token, -1),
      token.replace('cfs_', 'cfr_'), token.toUpperCase(), present(hybrid.refreshToken), access.slice(0, -1), `${access}.x`,
      flip(access, -5), `${header}.${flip(payload, 20)}.${signature}`, `${none}.${payload}.`, `${header}.${payload}.`,
      `${payload}.${payload}.${signature}`, 'x'.repeat(8000), 'ü', '<script>', VERIFIER.key, ...others,
    ] // prettier-ignore
    const endpoints = [
      { path: '/sessions/current' },
      { method: 'DELETE', path: '/sessions' },
      { path: '/verify' },
      { path: '/account' },
    ]
    for (const credential of bad) {
      for (const endpoint of endpoints) {
        const { status, body } = await test.call({ ...endpoint, token: credential })
        const found = `${credential.slice(0, 30)}: ${status} ${String(body['code'])}`
        expect(found).toMatch(/: 401 credential_(malformed|untrusted)$/)
      }
    }
  })

  it('RFC 6750 2 Cookie twins is refused when it is there twice', async () => {
    const { cookie } = await signIn(test, 'web-stateful')
    for (const headers of [
      { cookie: `${present(cookie)}; ${present(cookie)}` },
      { cookie: `${present(cookie)}; __Host-session=x` },
    ]) {
      const { status, body } = await test.call({ path: '/sessions/current', headers })
      expect([status, body['code']]).toEqual([400, 'ambiguous_credentials'])
    }
    const json = { client_id: 'web-stateful', email: EMAIL, password: PASSWORD }
    const answer = await test.call({
      path: '/sessions',
      json,
      headers: { cookie: '__Host-session=a; __Host-session=b' },
    })
    expect([answer.status, answer.body['code']]).toEqual([400, 'ambiguous_credentials'])
  })

  it('that was made up costs no look at a store, 10,000 times', async () => {
    const before = test.asked()
    for (let count = 0; count < 5_000; count++) {
      const bytes = createHash('shake256', { outputLength: 54 }).update(String(count)).digest()
      bytes.set([1, 0])
      const made = bytes.toString('base64url')
      const used = await test.call({ path: '/sessions/current', token: `cfs_${made}` })
      expect(used.body['code']).toBe('credential_untrusted')
      const spent = await test.call({
        path: '/oauth/token',
        form: { grant_type: 'refresh_token', refresh_token: `cfr_${made}` },
      })
      expect(spent.body['error']).toBe('invalid_grant')
    }
    expect(test.asked()).toBe(before)
  })
})

describe('a body that is packed', () => {
  it('is refused as a type that is not taken', async () => {
    const headers = { ...JSON_TYPE, 'content-encoding': 'gzip' }
    const { status, body } = await test.call({ path: '/accounts', headers, body: '{}' })
    expect([status, body['code']]).toEqual([415, 'unsupported_media_type'])
  })
})

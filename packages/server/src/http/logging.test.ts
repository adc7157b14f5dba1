import { Writable } from 'node:stream'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import {
  EMAIL,
  openServer,
  ORDERS,
  PASSWORD,
  present,
  refresh,
  signIn,
  VERIFIER,
  type Held,
  type TestServer,
} from '../server.fixture.ts'
import { explainError, loggerOptions } from './logging.ts'

class Lines extends Writable {
  text = ''
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
  entries(): Record<string, unknown>[] {
    return this.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }
}

async function openLogged(): Promise<TestServer & { readonly lines: Lines }> {
  const lines = new Lines()
  const logger = pino({ level: 'trace' }, lines)
  return { ...(await openServer({ logger })), lines }
}

/** Everything that a client was given, cut so that a part would be found too. */
function secretsOf({ token, refreshToken, cookie }: Held): string[] {
  const values = [token, refreshToken, cookie?.split('=')[1]].filter((value) => value !== undefined)
  return values.map((value) => value.slice(-24))
}

const NEW_PASSWORD = 'a rather better password'

/** Uses every endpoint, well and badly; what it saw that must not be written down. */
async function useEverything(test: TestServer): Promise<string[]> {
  const secrets = [EMAIL, PASSWORD, NEW_PASSWORD, VERIFIER.key, 'wrong password 1']
  for (const clientId of ['stateless', 'stateful', 'hybrid', 'web-stateless', 'web-stateful', 'web-hybrid', 'desk']) {
    const held = await signIn(test, clientId)
    secrets.push(...secretsOf(held))
    const credential =
      held.token === undefined ? { cookie: present(held.cookie), from: 'same-origin' as const } : { token: held.token }
    await test
      .call({ path: `/sessions/current?access_token=${present(held.token ?? held.cookie)}`, ...credential })
      .catch(() => undefined)
    await test.call({ path: `/verify?audience=${ORDERS}`, ...credential })
    await test.call({
      method: 'PUT',
      path: '/sessions/current/attributes/cart',
      json: { card: 'card 4111' },
      ...credential,
    })
    await test.call({
      path: '/oauth/introspect',
      form: { token: present(held.token ?? held.cookie) },
      token: VERIFIER.key,
    })
    if (held.refreshToken !== undefined) {
      const { body } = await refresh(test, clientId, held.refreshToken)
      secrets.push(...[body['access_token'], body['refresh_token']].map((value) => String(value).slice(-24)))
    }
    test.breakStores(true)
    await test.call({ path: '/account', ...credential })
    test.breakStores(false)
    await test.call({ method: 'DELETE', path: '/sessions/current', ...credential })
    await test.call({ path: '/account', ...credential })
  }
  await test.call({ path: '/sessions', json: { client_id: 'hybrid', email: EMAIL, password: 'wrong password 1' } })
  const { token } = await signIn(test, 'hybrid')
  const json = { current_password: PASSWORD, new_password: NEW_PASSWORD }
  await test.call({ method: 'PUT', path: '/account/password', token, json })
  await test.call({
    path: '/accounts',
    body: `{"email":"${EMAIL}","password":"${PASSWORD}"`,
    headers: { 'content-type': 'application/json' },
  })
  return [...secrets, 'card 4111']
}

describe('the log', () => {
  it('V16.2.5 RFC 9700 4.9.2 holds no credential, no password and no address of mail after all has been used', async () => {
    const test = await openLogged()
    const secrets = await useEverything(test)
    expect(secrets.length).toBeGreaterThan(20)
    for (const secret of secrets) expect(test.lines.text).not.toContain(secret)
    expect(test.lines.entries().length).toBeGreaterThan(50)
  })

  it('has one line for each request, which names the route and who it was', async () => {
    const test = await openLogged()
    const { token, sessionId } = await signIn(test, 'stateful')
    const before = test.lines.entries().length
    const { headers } = await test.call({ path: '/sessions/current?x=1', token })
    const [line, ...more] = test.lines.entries().slice(before)
    expect(more).toEqual([])
    expect(line).toMatchObject({
      method: 'GET',
      route: '/sessions/current',
      status: 200,
      ms: expect.any(Number),
      request_id: headers['x-request-id'],
      session: sessionId,
      account: expect.stringMatching(/^[\w-]{22}$/),
    })
  })

  it('V16.5.2 has the private side of what failed, and the answer has not', async () => {
    const test = await openLogged()
    const { token } = await signIn(test, 'stateful')
    test.stores.sessions.list = () => Promise.reject(new Error('the private detail'))
    const { status, body, text } = await test.call({ path: '/sessions', token })
    expect([status, body['code']]).toEqual([500, 'internal'])
    expect(text).not.toContain('private')
    const failed = test.lines.entries().find(({ msg }) => msg === 'a request failed')
    expect(failed?.['err']).toMatchObject({ message: 'the private detail' })
  })

  it('tells of an error what is known to be safe, and of its causes', () => {
    const cause = Object.assign(new TypeError('cause'), { token: 'secret' })
    const error = Object.assign(new Error('outer', { cause }), { code: 'E_OUTER', password: 'secret' })
    const explained = explainError(error)
    expect(explained).toMatchObject({
      type: 'Error',
      message: 'outer',
      code: 'E_OUTER',
      cause: { type: 'TypeError', message: 'cause' },
    })
    expect(JSON.stringify(explained)).not.toContain('secret')
  })

  it('masks what should never have come to it', () => {
    const lines = new Lines()
    const secret = 'not to be seen'
    const headers = { authorization: secret, cookie: secret, 'set-cookie': secret }
    pino(loggerOptions({}), lines).info({
      password: secret,
      body: { new_password: secret, token: secret },
      reply: { headers },
      req: headers,
    })
    expect(lines.text).toContain('[masked]')
    expect(lines.text).not.toContain(secret)
  })
})

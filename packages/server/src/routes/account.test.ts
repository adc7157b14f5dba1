import { beforeEach, describe, expect, it } from 'vitest'
import { EMAIL, heldBy, openServer, PASSWORD, present, refresh, signIn, type TestServer } from '../server.fixture.ts'

let test: TestServer
beforeEach(async () => {
  test = await openServer()
})

const NEW_PASSWORD = 'a rather better password'

describe('the account', () => {
  it('is what its owner sees', async () => {
    const { token } = await signIn(test, 'hybrid')
    expect((await test.call({ path: '/account', token })).body).toMatchObject({ email: EMAIL, name: 'Ada', roles: [] })
  })

  it('takes another name, and none', async () => {
    const { token } = await signIn(test, 'hybrid')
    const change = (name: string | null) => test.call({ method: 'PATCH', path: '/account', token, json: { name } })
    expect((await change('Augusta')).body).toMatchObject({ name: 'Augusta' })
    expect((await change(null)).body).not.toHaveProperty('name')
  })

  it('V7.5.1 takes another email with the current password only', async () => {
    const { token } = await signIn(test, 'hybrid')
    const change = (more: object) =>
      test.call({ method: 'PATCH', path: '/account', token, json: { email: 'new@example.com', ...more } })
    const without = await change({})
    expect([without.status, without.body['code'], without.body['field']]).toEqual([
      403,
      'wrong_password',
      '/current_password',
    ])
    expect((await change({ current_password: 'wrong' })).body['code']).toBe('wrong_password')
    expect((await change({ current_password: PASSWORD })).body).toMatchObject({ email: 'new@example.com' })
  })

  it('takes no empty change', async () => {
    const { token } = await signIn(test, 'hybrid')
    const { status, body } = await test.call({ method: 'PATCH', path: '/account', token, json: {} })
    expect([status, body['code']]).toEqual([400, 'invalid_request'])
  })
})

describe('changing the password', () => {
  it.each(['stateful', 'stateless', 'hybrid'])(
    'V7.2.4 gives a %s session new tokens, and the old ones are dead',
    async (clientId) => {
      const other = await signIn(test, 'stateful')
      const held = await signIn(test, clientId)
      const json = { current_password: PASSWORD, new_password: NEW_PASSWORD }
      const answer = await test.call({
        method: 'PUT',
        path: '/account/password?wait=everywhere',
        token: held.token,
        json,
      })
      expect(answer.status).toBe(200)
      expect(answer.body['revocation']).toMatchObject({ waited_ms: 0 })
      const renewed = heldBy(answer)
      expect(renewed.sessionId).toBe(held.sessionId)
      expect((await test.call({ path: '/sessions/current', token: renewed.token })).status).toBe(200)
      expect((await test.call({ path: '/sessions/current', token: other.token })).body['code']).toBe('credential_ended')
      if (clientId === 'stateful')
        expect((await test.call({ path: '/sessions/current', token: held.token })).body['code']).toBe(
          'credential_ended',
        )
      else {
        expect((await refresh(test, clientId, present(held.refreshToken))).body['error']).toBe('invalid_grant')
        expect((await refresh(test, clientId, present(renewed.refreshToken))).status).toBe(200)
      }
    },
  )

  it('V7.2.4 gives a browser a new cookie, and no token in the body', async () => {
    const { cookie } = await signIn(test, 'web-stateful')
    const json = { current_password: PASSWORD, new_password: NEW_PASSWORD }
    const answer = await test.call({
      method: 'PUT',
      path: '/account/password',
      cookie: present(cookie),
      from: 'same-origin',
      json,
    })
    expect(Object.keys(answer.body).sort()).toEqual(['revocation', 'session'])
    const renewed = present(heldBy(answer).cookie)
    expect(renewed).not.toBe(cookie)
    expect((await test.call({ path: '/account', cookie: renewed })).status).toBe(200)
    expect((await test.call({ path: '/account', cookie: present(cookie) })).body['code']).toBe('credential_ended')
  })

  it('is refused with a wrong current password and with a bad new one, and changes nothing', async () => {
    const { token } = await signIn(test, 'stateful')
    const change = (json: object) => test.call({ method: 'PUT', path: '/account/password', token, json })
    const wrong = await change({ current_password: 'wrong', new_password: NEW_PASSWORD })
    expect([wrong.status, wrong.body['code'], wrong.body['field']]).toEqual([
      403,
      'wrong_password',
      '/current_password',
    ])
    const bad = await change({ current_password: PASSWORD, new_password: 'password' })
    expect([bad.status, bad.body['code'], bad.body['field']]).toEqual([400, 'password_unacceptable', '/new_password'])
    expect((await signIn(test, 'stateful')).answer.status).toBe(201)
  })
})

describe('disabling the account', () => {
  it('V7.4.2 ends the sessions that are in use, whichever token they show, and enabling it again revives none', async () => {
    const held = await Promise.all(
      ['stateless', 'stateful', 'hybrid', 'web-stateful'].map((clientId) => signIn(test, clientId)),
    )
    const answers = () =>
      Promise.all(
        held.map(async ({ token, cookie }) => {
          const { status, body } = await test.call({ path: '/sessions/current', token, cookie })
          return body['code'] ?? status
        }),
      )
    const { id } = present(await test.stores.database.findAccountByEmail(EMAIL))
    expect(await answers()).toEqual([200, 200, 200, 200])
    await test.server.auth.disableAccount(id)
    const ended = Array<string>(4).fill('credential_ended')
    expect(await answers()).toEqual(ended)
    await test.server.auth.enableAccount(id)
    expect(await answers()).toEqual(ended)
    expect((await signIn(test, 'stateful')).answer.status).toBe(201)
  })
})

describe('deleting the account', () => {
  it('V7.4.2 ends all its sessions and removes it', async () => {
    const held = await Promise.all(['stateless', 'stateful', 'hybrid'].map((clientId) => signIn(test, clientId)))
    const { status } = await test.call({ method: 'DELETE', path: '/account', token: held[0]?.token })
    expect(status).toBe(200)
    for (const { token } of held)
      expect((await test.call({ path: '/sessions/current', token })).body['code']).toBe('credential_ended')
    expect(await test.stores.database.findAccountByEmail(EMAIL)).toBeUndefined()
  })

  it('V7.5.1 needs a recent sign-in', async () => {
    const { token } = await signIn(test, 'stateful')
    test.clock.forward(test.policy.reauthenticationSeconds + 1)
    const { status, body, headers } = await test.call({ method: 'DELETE', path: '/account', token })
    expect([status, body['code']]).toEqual([401, 'reauthentication_required'])
    expect(headers['www-authenticate']).toContain('error="insufficient_user_authentication"')
    expect((await test.call({ path: '/account', token })).status).toBe(200)
  })

  it('removes the cookie of a browser', async () => {
    const { cookie } = await signIn(test, 'web-stateful')
    const answer = await test.call({ method: 'DELETE', path: '/account', cookie: present(cookie), from: 'same-origin' })
    expect(answer.setCookies[0]).toContain('__Host-session=; Path=/; Max-Age=0')
  })
})

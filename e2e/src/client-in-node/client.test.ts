import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client, State } from '@counterfoil/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PASSWORD, signIn, signUp, textIn, whoAmI } from '../client.ts'
import { makeFolder, QUICK, startServer, until, type RunningServer } from '../harness.ts'
import { Device } from './device.ts'

const STRATEGIES = ['hybrid', 'stateful', 'stateless'] as const
const TRANSPORTS = ['body', 'cookie'] as const
const WAYS = STRATEGIES.flatMap((strategy) => TRANSPORTS.map((transport) => [strategy, transport] as const))
const MINUTE_MS = 60_000

const folder = makeFolder()
let server: RunningServer
let users = 0

beforeAll(async () => {
  const applications = WAYS.map(
    ([strategy, transport]) =>
      `[[applications]]\nid = "${strategy}-${transport}"\nstrategy = "${strategy}"\ntransport = "${transport}"\n`,
  )
  const config = join(folder.path, 'counterfoil.toml')
  writeFileSync(config, applications.join('\n'))
  server = await startServer({ folder: folder.path, environment: QUICK }, ['--config', config])
})
afterAll(async () => {
  await server.stop()
  folder[Symbol.dispose]()
})

interface Begun {
  readonly device: Device
  readonly auth: Client
  readonly user: { readonly email: string; readonly password: string }
  /** Starts the program again, on the same device. */
  readonly again: () => Client
}

/** Somebody with an account who has signed in on a new device. */
async function begin(clientId: string, proof: 'auto' | 'off' = 'off', device = new Device()): Promise<Begun> {
  const again = (): Client => device.start({ issuer: server.url, clientId, proof })
  const auth = again()
  const user = { email: `user-${++users}@example.com`, password: PASSWORD }
  await auth.signUp(user)
  await auth.signIn(user)
  return { device, auth, user, again }
}

function reasonOf(state: State): string {
  return state.status === 'signed-out' ? `signed-out: ${state.reason}` : state.status
}

describe.each(WAYS)('with %s sessions, credentials in the %s', (strategy, transport) => {
  const clientId = `${strategy}-${transport}`

  it('a user signs up and in, is known again after a restart, and not after signing out', async () => {
    const { auth, user, again, device } = await begin(clientId)
    const { account, session } = await auth.session()
    expect([account.email, session.strategy, session.current]).toEqual([user.email, strategy, true])

    const next = again()
    expect(await next.ready()).toMatchObject({ status: 'signed-in', session: { id: session.id } })
    expect(await next.signOut()).toMatchObject({ told: true })
    expect(reasonOf(next.state)).toBe('signed-out: signed-out')
    expect([...device.stored.values()]).toEqual([])

    await expect(auth.session()).rejects.toMatchObject({ status: 401 })
    expect(reasonOf(auth.state)).toBe('signed-out: ended')
    expect(reasonOf(await again().ready())).toBe('signed-out: none')
  })

  it('what lives long is in the storage, or in the cookie, and nothing is that lives short; no note holds a credential', async () => {
    const { auth, device } = await begin(clientId)
    device.aheadMs = 20 * MINUTE_MS
    await auth.session()
    const kept = { hybrid: /^cfr_/, stateful: /^cfs_/, stateless: /^ey/ }[strategy]
    const expected = transport === 'body' ? [expect.stringMatching(kept) as string] : []
    expect([...device.stored.values()]).toEqual(expected)
    expect(device.stored.values()).not.toContain(strategy === 'stateful' ? undefined : await auth.getAccessToken())
    expect(device.noted.filter((note) => /cf[rs]_|ey/.test(note))).toEqual([])
  })

  it.each([0, 20])('V7.2.4 whoever signs in over a session ends it, %i minutes later', async (minutes) => {
    const { auth, user, device } = await begin(clientId)
    const { session: former } = await auth.session()
    const token = await auth.getAccessToken()
    device.aheadMs = minutes * MINUTE_MS
    const { session } = await auth.signIn(user)
    expect(session.id).not.toBe(former.id)
    if (token !== undefined) expect((await whoAmI(server.url, token)).body['code']).toBe('credential_ended')
    expect((await auth.sessions.list()).map(({ id }) => id)).toEqual([session.id])
    device.aheadMs += 20 * MINUTE_MS
    expect((await auth.session()).session.id).toBe(session.id)
  })

  it('whoever signs in over the session of somebody else ends that, and it stays where the password is wrong', async () => {
    const { auth, device } = await begin(clientId)
    const token = await auth.getAccessToken()
    const other = `user-${++users}@example.com`
    await signUp({ url: server.url, email: other })
    await expect(auth.signIn({ email: other, password: 'not that one at all' })).rejects.toMatchObject({ status: 401 })
    expect(auth.state.status).toBe('signed-in')
    await auth.signIn({ email: other, password: PASSWORD })
    expect(auth.state).toMatchObject({ account: { email: other } })
    if (token !== undefined) expect((await whoAmI(server.url, token)).body['code']).toBe('credential_ended')
    device.aheadMs = 20 * MINUTE_MS
    expect((await auth.session()).account.email).toBe(other)
  })

  it('the state goes from unknown to signed-in, over refreshing where tokens are renewed, to signed-out', async () => {
    const { auth, again, device } = await begin(clientId)
    auth.close()
    const told: string[] = []
    const next = again()
    next.subscribe((state) => told.push(reasonOf(state)))
    await next.ready()
    device.aheadMs = 20 * MINUTE_MS
    await next.session()
    await next.signOut()
    const refreshed = strategy === 'stateful' ? [] : ['refreshing', 'signed-in']
    expect(told).toEqual(['unknown', 'signed-in', ...refreshed, 'signed-out: signed-out'])
  })

  it('a token that has run out is renewed before it is used, once for all who want it', async () => {
    const { auth, device } = await begin(clientId)
    device.aheadMs = 20 * MINUTE_MS
    device.sent.length = 0
    const emails = await Promise.all([auth.session(), auth.session(), auth.session()])
    expect(new Set(emails.map(({ session }) => session.id)).size).toBe(1)
    expect(device.sent.filter((line) => line === 'POST /oauth/token')).toHaveLength(strategy === 'stateful' ? 0 : 1)
    expect(auth.state.status).toBe('signed-in')
  })

  it.each(['down', 'out of order'] as const)('nobody is signed out while the network is %s', async (network) => {
    const { auth, device, again } = await begin(clientId)
    device.network = network
    device.aheadMs = 20 * MINUTE_MS
    await expect(auth.session()).rejects.toMatchObject({ code: network === 'down' ? 'network' : 'unavailable' })
    expect(auth.state.status).toBe('signed-in')

    const restarted = again()
    const told: State[] = []
    restarted.subscribe((state) => told.push(state))
    await until(() => Promise.resolve(told.at(-1)?.status === 'unknown' && told.length > 1 ? told : undefined))
    expect(restarted.state).toEqual({ status: 'unknown', because: 'unavailable' })

    device.network = 'up'
    expect((await restarted.ready()).status).toBe('signed-in')
    expect((await auth.session()).session.id).toBe((await restarted.session()).session.id)
  })

  it('a sign-out without network counts at once, and the server is told when it is back, though the program was restarted', async () => {
    const { auth, user, device, again } = await begin(clientId)
    const other = textIn(await signIn({ url: server.url, email: user.email }, 'hybrid-body'), 'access_token') ?? ''
    device.network = 'down'
    expect(await auth.signOut({ everywhere: true })).toEqual({ told: false, revocation: undefined })
    expect(reasonOf(auth.state)).toBe('signed-out: signed-out')
    auth.close()

    const restarted = again()
    expect(reasonOf(await restarted.ready())).toBe('signed-out: signed-out')
    expect((await whoAmI(server.url, other)).status).toBe(200)
    device.network = 'up'
    device.wake()
    await until(async () => ((await whoAmI(server.url, other)).status === 401 ? true : undefined))
    await until(async () => (reasonOf(await again().ready()) === 'signed-out: none' ? true : undefined))
  })

  it('V7.4.3 a new password keeps this session, and ends the others', async () => {
    const { auth, user, device, again } = await begin(clientId)
    const elsewhere = new Device().start({ issuer: server.url, clientId, proof: 'off' })
    await elsewhere.signIn(user)
    await auth.account.changePassword({ current: PASSWORD, next: 'twelve boats below the bridge' })
    await expect(elsewhere.session()).rejects.toMatchObject({ code: 'credential_ended' })
    expect(reasonOf(elsewhere.state)).toBe('signed-out: ended')
    expect((await auth.session()).session.current).toBe(true)
    device.aheadMs = 20 * MINUTE_MS
    const { session } = await auth.session()
    expect(await again().ready()).toMatchObject({ status: 'signed-in', session: { id: session.id } })
  })

  it('the other sessions end at a word, this one by its name, and the account with all of them', async () => {
    const { auth, user } = await begin(clientId)
    const devices = await Promise.all(
      [1, 2].map(async () => {
        const other = new Device().start({ issuer: server.url, clientId, proof: 'off' })
        await other.signIn(user)
        return other
      }),
    )
    await auth.sessions.endOthers()
    for (const other of devices)
      await expect(other.session()).rejects.toMatchObject({ code: 'credential_ended', status: 401 })
    const { session } = await auth.session()
    await auth.sessions.end(session.id)
    expect(reasonOf(auth.state)).toBe('signed-out: signed-out')
    await auth.signIn(user)
    expect((await auth.account.get()).email).toBe(user.email)
    await auth.account.delete()
    expect(reasonOf(auth.state)).toBe('signed-out: signed-out')
    await expect(auth.signIn(user)).rejects.toMatchObject({ code: 'sign_in_failed' })
  })

  it('a sign-out that waits says until when everybody obeys', async () => {
    const { auth } = await begin(clientId)
    const { told, revocation } = await auth.signOut({ wait: true })
    expect(told).toBe(true)
    expect(Date.parse(revocation?.obeyed_by ?? '')).toBeGreaterThan(0)
    expect(revocation?.waited_ms).toBeGreaterThanOrEqual(0)
  })

  it.skipIf(strategy === 'stateless')('a user sees and ends their devices, by name', async () => {
    const { auth, user } = await begin(clientId)
    const elsewhere = new Device().start({ issuer: server.url, clientId, proof: 'off' })
    const { session } = await elsewhere.signIn({ ...user, deviceLabel: "Ada's 전화기" })
    const listed = await auth.sessions.list()
    expect(listed.find(({ id }) => id === session.id)?.device_label).toBe("Ada's 전화기")
    await auth.sessions.end(session.id)
    await expect(elsewhere.session()).rejects.toMatchObject({ code: 'credential_ended' })
    expect((await auth.sessions.list()).map(({ id }) => id)).toEqual([(await auth.session()).session.id])
  })

  it('changes of the account are in the state, and what is wrong with them names the field', async () => {
    const { auth } = await begin(clientId)
    await auth.account.change({ name: '에이다' })
    expect(auth.state).toMatchObject({ status: 'signed-in', account: { name: '에이다' } })
    await expect(auth.account.change({ email: 'no address' })).rejects.toMatchObject({ status: 400, field: '/email' })
  })
})

describe.each(['stateful-body', 'hybrid-cookie'])('data of a session of %s', (clientId) => {
  it('is kept, and who writes over a change that they have not seen hears of the conflict', async () => {
    const { auth } = await begin(clientId)
    const { attributes } = auth
    expect(await attributes.get('cart')).toBeUndefined()
    const first = await attributes.set('cart', { pears: 2 })
    if (first === 'conflict') throw new Error('nobody else writes')
    const { version, value } = (await attributes.get('cart')) ?? {}
    expect([value, version]).toEqual([{ pears: 2 }, first.version])
    await attributes.set('cart', { pears: 3 })
    expect(await attributes.set('cart', { pears: 4 }, { ifMatch: first.version })).toBe('conflict')
    await attributes.delete('cart')
    expect(await attributes.get('cart')).toBeUndefined()
  })
})

describe.each(['hybrid-body', 'hybrid-cookie', 'stateless-body'])('with proof of possession, %s', (clientId) => {
  it('RFC 9449 4.3 a token is bound to the key of the device, and worth nothing without it', async () => {
    const { auth, again } = await begin(clientId, 'auto')
    const token = (await auth.getAccessToken()) ?? ''
    expect((await whoAmI(server.url, token)).body['code']).toBe('credential_bound')
    expect((await auth.session()).session.current).toBe(true)
    expect((await again().ready()).status).toBe('signed-in')
  })

  it('a device whose clock is wrong by a day signs in, calls and refreshes as any other', async () => {
    const device = new Device()
    device.wrongMs = -24 * 60 * MINUTE_MS
    const { auth } = await begin(clientId, 'auto', device)
    await auth.session()
    device.aheadMs = 20 * MINUTE_MS
    expect((await auth.session()).session.current).toBe(true)
  })

  it('a device that has lost its key is told so', async () => {
    const { device, again } = await begin(clientId, 'auto')
    device.loseKeys()
    expect(reasonOf(await again().ready())).toBe('signed-out: key-lost')
  })
})

describe('what goes where', () => {
  it('a request to an origin that is not listed is refused before it is sent; one that brings its own credential goes as it is', async () => {
    const { auth, device } = await begin('hybrid-body')
    device.sent.length = 0
    await expect(auth.fetch('https://other.example.com/orders')).rejects.toThrow('"origins"')
    expect(device.sent).toEqual([])
    const own = await auth.fetch(`${server.url}/sessions/current`, { headers: { authorization: 'Bearer nonsense' } })
    expect([own.status, device.sent]).toEqual([401, ['GET /sessions/current']])
  })

  it('a wrong password says so, and the state with it', async () => {
    const email = `user-${++users}@example.com`
    await signUp({ url: server.url, email })
    const auth = new Device().start({ issuer: server.url, clientId: 'hybrid-body' })
    await expect(auth.signIn({ email, password: 'not that one at all' })).rejects.toMatchObject({
      code: 'sign_in_failed',
      status: 401,
    })
    await expect(auth.getAccessToken()).rejects.toMatchObject({ code: 'signed_out' })
    expect(reasonOf(auth.state)).toBe('signed-out: none')
  })

  it('an application that the server does not know is an error, and nobody is signed out by it', async () => {
    const auth = new Device().start({ issuer: server.url, clientId: 'nobody' })
    await expect(auth.ready()).rejects.toMatchObject({ code: 'invalid_client' })
    expect(auth.state).toMatchObject({ status: 'unknown', because: 'refused' })
    await expect(auth.signIn({ email: 'a@example.com', password: PASSWORD })).rejects.toMatchObject({
      code: 'unknown_application',
    })
  })
})

import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Client } from '@counterfoil/client'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { PASSWORD } from '../client.ts'
import { makeFolder, QUICK, startServer, type RunningServer } from '../harness.ts'
import { Device } from './device.ts'

/** What the API answers next, one after the other; then 200. */
interface Scripted {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly code?: string
}

interface Heard {
  readonly call: string
  readonly authorization: string
  readonly body: string
}

const EXPIRED = {
  status: 401,
  code: 'credential_expired',
  headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
}
const folder = makeFolder()
const script: Scripted[] = []
const heard: Heard[] = []
let server: RunningServer
let api: Server
let origin = ''
let auth: Client
let device: Device
let users = 0

beforeAll(async () => {
  server = await startServer({ folder: folder.path, environment: QUICK })
  api = createServer((request, answer) => {
    void text(request).then((body) => {
      const { method, url, headers } = request
      heard.push({ call: `${method} ${url}`, authorization: headers.authorization ?? '', body })
      const { status, headers: more, code } = script.shift() ?? { status: 200 }
      answer.writeHead(status, { 'content-type': 'application/json', ...more })
      answer.end(JSON.stringify(code === undefined ? { ok: true } : { code }))
    })
  }).listen(0, '127.0.0.1')
  await once(api, 'listening')
  origin = `http://127.0.0.1:${(api.address() as AddressInfo).port}`
})
afterAll(async () => {
  api.close()
  api.closeAllConnections()
  await server.stop()
  folder[Symbol.dispose]()
})
beforeEach(async () => {
  device = new Device()
  auth = device.start({ issuer: server.url, clientId: 'hybrid', origins: [origin], proof: 'off' })
  const user = { email: `user-${++users}@example.com`, password: PASSWORD }
  await auth.signUp(user)
  await auth.signIn(user)
  script.length = 0
  heard.length = 0
  device.sent.length = 0
  device.waited.length = 0
})

const refreshes = (): number => device.sent.filter((line) => line === 'POST /oauth/token').length
const busy = (seconds?: string): Scripted => ({
  status: 503,
  ...(seconds !== undefined && { headers: { 'retry-after': seconds } }),
})

describe('what nobody can answer now', () => {
  it.each(['GET', 'HEAD', 'PUT', 'DELETE'])(
    'is asked again with %s, after as long as Retry-After says',
    async (method) => {
      script.push(busy('1'), busy('2'))
      const { status } = await auth.fetch(`${origin}/orders`, { method })
      expect([status, heard.length, device.waited]).toEqual([200, 3, [1000, 2000]])
    },
  )

  it('is asked again after a little longer each time where nothing says how long', async () => {
    script.push(busy(), busy(), busy())
    expect((await auth.fetch(`${origin}/orders`)).status).toBe(200)
    const [first = 0, second = 0, third = 0] = device.waited
    for (const [ms, base] of [
      [first, 150],
      [second, 300],
      [third, 600],
    ] as const) {
      expect(ms).toBeGreaterThanOrEqual(base / 2)
      expect(ms).toBeLessThanOrEqual(base * 1.5)
    }
  })

  it('is not done twice with POST, and is handed to the page as it is', async () => {
    script.push(busy('1'))
    const { status } = await auth.fetch(`${origin}/orders`, { method: 'POST', body: 'tea' })
    expect([status, heard.length, device.waited]).toEqual([503, 1, []])
    expect(auth.state.status).toBe('signed-in')
  })

  it.each([
    ['60', 1, 0],
    ['1', 4, 3],
  ] as const)(
    'is given up where it takes too long (Retry-After: %s), and nobody is signed out',
    async (seconds, calls, waits) => {
      script.push(...Array.from({ length: 5 }, () => busy(seconds)))
      const { status } = await auth.fetch(`${origin}/orders`)
      expect([status, heard.length, device.waited.length]).toEqual([503, calls, waits])
      expect(auth.state.status).toBe('signed-in')
    },
  )
})

describe('a 401', () => {
  it('that says expired leads to one refresh, and the call is made again with the new token, its body whole', async () => {
    script.push(EXPIRED)
    const { status } = await auth.fetch(`${origin}/orders`, { method: 'POST', body: 'a pot of tea' })
    expect([status, refreshes()]).toEqual([200, 1])
    expect(heard.map(({ body }) => body)).toEqual(['a pot of tea', 'a pot of tea'])
    expect(new Set(heard.map(({ authorization }) => authorization)).size).toBe(2)
  })

  it('that says expired again is handed to the page after one refresh, and nobody is signed out', async () => {
    script.push(EXPIRED, EXPIRED, EXPIRED)
    const { status } = await auth.fetch(`${origin}/orders`)
    expect([status, heard.length, refreshes()]).toEqual([401, 2, 1])
    expect(auth.state.status).toBe('signed-in')
  })

  it('of a service that takes the session for ended while the issuer does not is handed to the page: nobody is signed out', async () => {
    script.push({ status: 401, code: 'credential_ended' }, { status: 401, code: 'credential_ended' })
    const { status } = await auth.fetch(`${origin}/orders`)
    expect([status, heard.length, refreshes()]).toEqual([401, 2, 1])
    expect(auth.state.status).toBe('signed-in')
  })

  it('about something else leads to no refresh', async () => {
    script.push({ status: 401, headers: { 'www-authenticate': 'Basic realm="printers"' } })
    const { status } = await auth.fetch(`${origin}/orders`)
    expect([status, heard.length, refreshes()]).toEqual([401, 1, 0])
    expect(auth.state.status).toBe('signed-in')
  })

  it('for a session that has ended signs out, and the answer is the page’s to read', async () => {
    const elsewhere = new Device().start({ issuer: server.url, clientId: 'hybrid', proof: 'off' })
    await elsewhere.signIn({ email: `user-${users}@example.com`, password: PASSWORD })
    await elsewhere.signOut({ everywhere: true })
    script.push({ status: 401, code: 'revoked' })
    const response = await auth.fetch(`${origin}/orders`)
    expect([response.status, await response.json()]).toEqual([401, { code: 'revoked' }])
    expect(auth.state).toEqual({ status: 'signed-out', reason: 'ended' })
  })
})

it('a call that the page gives up is given up', async () => {
  const leaving = new AbortController()
  leaving.abort(new Error('not wanted any more'))
  await expect(auth.fetch(`${origin}/orders`, { signal: leaving.signal })).rejects.toThrow('not wanted any more')
  expect(heard).toEqual([])
})

it('a storage that takes time is waited for, and one that fails is an error that ends nothing', async () => {
  const kept = new Map<string, string>()
  let isBroken = false
  const later = async <Value>(act: () => Value): Promise<Value> => {
    await new Promise((resolve) => setImmediate(resolve))
    if (isBroken) throw new Error('the key chain is locked')
    return act()
  }
  const storage = {
    get: (name: string) => later(() => kept.get(name)),
    set: (name: string, value: string) => later(() => kept.set(name, value)),
    remove: (name: string) => later(() => kept.delete(name)),
  }
  const phone = new Device()
  const open = (): Client => phone.start({ issuer: server.url, clientId: 'hybrid', proof: 'off', storage })
  const client = open()
  await client.signIn({ email: `user-${users}@example.com`, password: PASSWORD })
  isBroken = true
  phone.aheadMs = 1_200_000
  await expect(client.session()).rejects.toThrow('the key chain is locked')
  expect(client.state.status).toBe('signed-in')
  isBroken = false
  expect((await client.session()).session.current).toBe(true)
  expect((await open().ready()).status).toBe('signed-in')
})

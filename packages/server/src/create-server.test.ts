import { Writable } from 'node:stream'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openServer, present, signIn, type TestServer } from './server.fixture.ts'

let logged: string
let test: TestServer
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  logged = ''
  const lines = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      logged += chunk.toString()
      done()
    },
  })
  test = await openServer({ logger: pino(lines) })
})
afterEach(() => {
  vi.useRealTimers()
})

const round = (): Promise<unknown> => vi.advanceTimersByTimeAsync(test.policy.keyReloadSeconds * 1000)

describe('upkeep', () => {
  it('makes the next key in time, without being asked', async () => {
    const before = test.server.auth.publicKeys()
    test.clock.forward(test.policy.signingKeyRotationSeconds)
    await round()
    await vi.waitFor(() => expect(test.server.auth.publicKeys()).not.toBe(before))
  })

  it('that fails is logged, harms nobody, and is tried again', async () => {
    const { token } = await signIn(test, 'stateful')
    test.breakStores(true)
    await round()
    await vi.waitFor(() => expect(logged).toContain('upkeep failed'))
    test.breakStores(false)
    const before = test.asked()
    await round()
    await vi.waitFor(() => expect(test.asked()).toBeGreaterThan(before))
    expect((await test.call({ path: '/sessions/current', token: present(token) })).status).toBe(200)
  })

  it('stops when the server does', async () => {
    await test.server.close()
    const before = test.asked()
    await round()
    expect(test.asked()).toBe(before)
  })
})

describe('a server over the stores of another', () => {
  it('knows its sessions and its keys', async () => {
    const held = await signIn(test, 'hybrid')
    const other = await openServer({ ...test.stores, clock: test.clock })
    expect((await other.call({ path: '/sessions/current', token: held.token })).status).toBe(200)
    const keys = await other.call({ path: '/.well-known/jwks.json' })
    expect(keys.text).toBe((await test.call({ path: '/.well-known/jwks.json' })).text)
  })
})

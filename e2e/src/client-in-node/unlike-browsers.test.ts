import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import type { Client, ClientOptions } from '@counterfoil/client'
import { rolldown } from 'rolldown'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PASSWORD } from '../client.ts'
import { makeFolder, QUICK, startServer, type RunningServer } from '../harness.ts'

const STRATEGIES = ['hybrid', 'stateful', 'stateless'] as const
const CLIENT = fileURLToPath(import.meta.resolve('@counterfoil/client'))
const folder = makeFolder()
let server: RunningServer
let script = ''
let users = 0

beforeAll(async () => {
  server = await startServer({ folder: folder.path, environment: QUICK })
  const built = await rolldown({ input: CLIENT, platform: 'neutral' })
  const { output } = await built.generate({ format: 'iife', name: 'counterfoil' })
  await built.close()
  script = output[0].code
})
afterAll(async () => {
  await server.stop()
  folder[Symbol.dispose]()
})

/** `URL` without what engines of phones and older browsers do not have. */
class PlainUrl extends URL {
  static override readonly canParse = undefined as never
  static override readonly parse = undefined as never
}

/** Signals without `timeout` and `any`. */
const PlainSignal = { prototype: AbortSignal.prototype }

/** What there is in React Native: a network, timers and text; no document, no storage, no key store, no random numbers, no tabs. */
function places(): Record<string, unknown> {
  const there = { fetch, Request, Response, Headers, URLSearchParams, AbortController, setTimeout, clearTimeout }
  const plain = { URL: PlainUrl, AbortSignal: PlainSignal, TextEncoder, atob, btoa, performance, queueMicrotask }
  return { ...there, ...plain, console }
}

type Create = (options: ClientOptions) => Client

function openClient(stored: Map<string, string>, clientId: string): Client {
  const context = createContext(places())
  const create = runInContext(`${script}; counterfoil.createClient`, context) as Create
  return create({
    issuer: server.url,
    clientId,
    storage: {
      get: (name) => Promise.resolve(stored.get(name)),
      set: (name, value) => Promise.resolve(stored.set(name, value)),
      remove: (name) => Promise.resolve(stored.delete(name)),
    },
    environment: { randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)) },
  })
}

it.each(STRATEGIES)(
  'in a place like React Native, with a storage and random numbers given, %s sessions last over a restart, and end',
  async (strategy) => {
    const stored = new Map<string, string>()
    const auth = openClient(stored, strategy)
    const user = { email: `user-${++users}@example.com`, password: PASSWORD }
    await auth.signUp(user)
    const { session } = await auth.signIn(user)
    expect((await auth.fetch(`${server.url}/sessions/current`)).status).toBe(200)

    const again = openClient(stored, strategy)
    expect(await again.ready()).toMatchObject({ status: 'signed-in', session: { id: session.id } })
    expect(await again.signOut()).toMatchObject({ told: true })
    expect([...stored.values()]).toEqual([])
    expect(await openClient(stored, strategy).ready()).toEqual({ status: 'signed-out', reason: 'none' })
  },
)

it('says what is wrong with its options there, too', () => {
  const open = (issuer: string): Client => {
    const create = runInContext(`${script}; counterfoil.createClient`, createContext(places())) as Create
    return create({ issuer, clientId: 'hybrid' })
  }
  expect(() => open('not a URL')).toThrow('issuer must be a URL')
})

import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { ModelBrowser, type Happens } from './model-browser.fixture.ts'
import { MODEL_API, ModelIssuer } from './model-issuer.fixture.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

/** Whatever takes time takes as many milliseconds as are drawn for it; messages between tabs up to `messageMs`. */
function takingTime(draws: readonly number[], messageMs: number): Happens {
  let drawn = 0
  const msOf = (name: string): number => {
    const waited = /^(\d+) ms pass$/.exec(name)?.[1]
    if (waited !== undefined) return Number(waited)
    const draw = draws[drawn++ % draws.length] ?? 0
    return Math.round(draw * (name.startsWith('a message') ? messageMs : 300))
  }
  return async (what, name) => {
    await new Promise((resolve) => setTimeout(resolve, msOf(name)))
    return what
  }
}

/** Five tabs that need a new token three times, all at once; how often they asked for one, beyond that. */
async function refreshNeedlessly(happens: Happens, hasLocks: boolean): Promise<number> {
  const issuer = new ModelIssuer()
  const browser = new ModelBrowser(issuer, happens, hasLocks)
  const first = browser.open()
  const signedIn = first.client.signIn({ email: 'ada@example.com', password: 'correct horse battery' })
  await vi.runAllTimersAsync()
  await signedIn
  for (let tab = 1; tab < 5; tab++) browser.open()
  await vi.runAllTimersAsync()
  const before = issuer.rotations.length
  for (let turn = 1; turn <= 3; turn++) {
    issuer.grow()
    const calls = browser.tabs.map(({ client }) => client.fetch(`${MODEL_API}/orders`))
    await vi.runAllTimersAsync()
    for (const { status } of await Promise.all(calls)) expect(status).toBe(200)
  }
  expect(issuer.thefts).toEqual([])
  return issuer.rotations.length - before - 3
}

it.each([
  ['with', true],
  ['without', false],
])(
  'tabs %s Web Locks refresh once among them, though messages come after the lock that they were sent under',
  async (_, hasLocks) => {
    const draws = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 50 })
    await fc.assert(
      fc.asyncProperty(draws, async (drawn) => {
        expect(await refreshNeedlessly(takingTime(drawn, 40), hasLocks)).toBe(0)
      }),
      { numRuns: 200 },
    )
  },
)

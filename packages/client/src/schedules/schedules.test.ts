import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ModelBrowser, type ModelTab } from './model-browser.fixture.ts'
import { MODEL_API, ModelIssuer, type Fate } from './model-issuer.fixture.ts'

/** More of them: `COUNTERFOIL_SCHEDULES=5000 npx vitest run schedules`. */
const RUNS = Number(process.env['COUNTERFOIL_SCHEDULES'] ?? 300)

const USER = { email: 'ada@example.com', password: 'correct horse battery' }
const FATES = fc.array(
  fc.constantFrom<Fate>('answered', 'answered', 'answered', 'refused', 'lost', 'cut', 'outage', 'proxy page'),
  { maxLength: 30 },
)

/** What a user, a page or time does, in a tab. */
const ACTS = ['call', 'call', 'token', 'grow', 'open', 'sessions', 'ask', 'wake'] as const
type Act = (typeof ACTS)[number] | 'sign out' | 'sign in'

const steps = (acts: readonly Act[]) =>
  fc.array(fc.record({ act: fc.constantFrom(...acts), tab: fc.nat({ max: 3 }) }), { maxLength: 12 })

interface Step {
  readonly act: Act
  readonly tab: number
  /** Whether the user waits until it is done, and tries again until it is. */
  readonly isAwaited?: boolean
}

interface Run {
  readonly issuer: ModelIssuer
  readonly browser: ModelBrowser
}

function tabIn({ tabs }: ModelBrowser, index: number): ModelTab {
  const tab = tabs[index % tabs.length]
  if (tab === undefined) throw new Error('no tab is open')
  return tab
}

/** Does one thing; what fails there is the page's concern, as it would be in life. */
function act({ issuer, browser }: Run, { act: what, tab }: Step): Promise<unknown> {
  const { client, wake } = tabIn(browser, tab)
  switch (what) {
    case 'call':
      return client.fetch(`${MODEL_API}/orders`)
    case 'token':
      return client.getAccessToken()
    case 'grow':
      // It takes minutes, for which no request is on its way.
      if (browser.inFlight === 0) issuer.grow()
      return Promise.resolve()
    case 'open':
      browser.open()
      return Promise.resolve()
    case 'sessions':
      return client.session()
    case 'wake':
      wake()
      return Promise.resolve()
    case 'ask':
      return client.ready()
    case 'sign out':
      return client.signOut()
    case 'sign in':
      return client.signIn(USER)
  }
}

/** A user who is signed in in two tabs, and what happens to them by a schedule, until nothing is left to happen. */
async function live(
  scheduler: fc.Scheduler,
  fates: readonly Fate[],
  planned: readonly Step[],
  hasLocks: boolean,
): Promise<Run> {
  const issuer = new ModelIssuer()
  const browser = new ModelBrowser(issuer, (what, name) => scheduler.schedule(what, name), hasLocks)
  const run = { issuer, browser }
  browser.open()
  browser.open()
  const signedIn = act(run, { act: 'sign in', tab: 0 })
  await scheduler.waitIdle()
  await signedIn
  browser.fates.push(...fates)
  const doing = (async () => {
    for (const step of planned) {
      if (step.isAwaited === true) await insist(() => act(run, step))
      else void act(run, step).catch(() => undefined)
      await scheduler.schedule(Promise.resolve(), `next: ${step.act} in tab ${step.tab}`)
    }
  })()
  await scheduler.waitIdle()
  await doing
  return run
}

async function insist(act: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await act()
      return
    } catch {
      // Faults come to an end.
    }
  }
}

/** All tabs are used once more, when nothing is lost any more. */
async function settle(scheduler: fc.Scheduler, { issuer, browser }: Run): Promise<void> {
  browser.fates.length = 0
  issuer.grow()
  for (const tab of browser.tabs.keys()) act({ issuer, browser }, { act: 'call', tab }).catch(() => undefined)
  await scheduler.waitIdle()
}

/** Whom each tab shows. */
function known({ tabs }: ModelBrowser): readonly string[] {
  return tabs.map(({ client: { state } }) => ('session' in state ? state.session.id : state.status))
}

/** What a tab was told since somebody was signed in there. */
function since({ told }: ModelTab): readonly string[] {
  const states = told.map((state) =>
    state.status === 'signed-out' ? `${state.status}: ${state.reason}` : state.status,
  )
  return states.slice(states.indexOf('signed-in') + 1)
}

describe.each([
  ['with Web Locks', true],
  ['without Web Locks', false],
])('in a browser %s, whatever is lost, late or out of order', (_, hasLocks) => {
  it('nobody who has not signed out is signed out, in any tab, and no old token is used', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), FATES, steps(ACTS), async (scheduler, fates, planned) => {
        const { issuer, browser } = await live(scheduler, fates, planned, hasLocks)
        expect(issuer.thefts).toEqual([])
        for (const tab of browser.tabs) expect(since(tab).filter((state) => state.startsWith('signed-out'))).toEqual([])
        expect(known(browser)).toEqual(browser.tabs.map(() => 's0'))
      }),
      { numRuns: RUNS },
    )
  })

  it('who has signed out stays so, in every tab, and the server knows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), FATES, steps(ACTS), steps(ACTS), async (scheduler, fates, before, after) => {
        const planned: Step[] = [...before, { act: 'sign out', tab: 1 }, ...after]
        const { issuer, browser } = await live(scheduler, fates, planned, hasLocks)
        expect(issuer.sessions.filter(({ isOver }) => !isOver)).toEqual([])
        expect(known(browser)).toEqual(browser.tabs.map(() => 'signed-out'))
      }),
      { numRuns: RUNS },
    )
  })

  it('who has signed out and in again is signed in, in every tab, whatever the others were about', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), FATES, steps(ACTS), steps(ACTS), async (scheduler, fates, before, after) => {
        const out: Step = { act: 'sign out', tab: 0 }
        const again: Step = { act: 'sign in', tab: 0, isAwaited: true }
        const planned = [...before, out, ...after.slice(0, 3), again, ...after.slice(3)]
        const run = await live(scheduler, fates, planned, hasLocks)
        await settle(scheduler, run)
        const newest = run.issuer.sessions.at(-1)
        expect(newest).toMatchObject({ isOver: false })
        expect(known(run.browser)).toEqual(run.browser.tabs.map(() => newest?.id))
      }),
      { numRuns: RUNS },
    )
  })

  it('however often somebody signs in and out: when the network is back and one more tab is opened, all agree with the cookie', async () => {
    const acts = [...ACTS, 'sign in', 'sign out', 'sign in', 'sign out'] as const
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), FATES, steps(acts), async (scheduler, fates, planned) => {
        const run = await live(scheduler, fates, planned, hasLocks)
        run.browser.open()
        await settle(scheduler, run)
        const session = run.issuer.sessionIn(run.browser.jar)
        expect(known(run.browser)).toEqual(run.browser.tabs.map(() => session ?? 'signed-out'))
      }),
      { numRuns: RUNS },
    )
  })
})

import { Dice } from '../../faults/dice.ts'
import { Scene } from '../scene.ts'
import type { Tab } from '../tab.ts'
import { planByChance } from './plan.ts'
import { readRefreshes, type RefreshRecord } from './record.ts'
import { answerRounds } from './rounds.ts'
import { readStore, type StoreRecord } from './store.ts'

/** What to do. */
export interface TabsOptions {
  readonly tabs: number
  readonly rounds: number
  readonly seed: number
  readonly proof: 'auto' | 'off'
  /** Told after each round. Default: nobody. */
  readonly tell?: (round: number) => void
}

/** What came of it. */
export interface TabsOutcome extends StoreRecord {
  readonly seconds: number
  /** Calls that had to be made again, because a refresh had been lost on the way. */
  readonly repeated: number
  /** What was told in tabs that saw themselves signed out. */
  readonly signOuts: readonly string[]
  /** Live sessions of the account in the end. */
  readonly sessions: number
  readonly record: RefreshRecord
}

/** A call that failed is made again; one that fails so often will not succeed. */
const MOST_TRIES = 30
const PAUSE_MS = 20

/** Ten tabs of one user need a new token at the same time, again and again, while refreshes are lost and delayed by chance. */
export async function runTabs(options: TabsOptions): Promise<TabsOutcome> {
  const scene = await Scene.open({ policy: { access_token_seconds: 3600 } })
  try {
    scene.pages.handlers.push(answerRounds())
    const tabs = await openTabs(scene, options)
    scene.proxy.passed.length = 0
    scene.proxy.decide = planByChance(new Dice(options.seed))
    const begunAt = performance.now()
    let repeated = 0
    for (let round = 1; round <= options.rounds; round++) {
      const tries = await Promise.all(tabs.map((tab) => callInRound(tab, round)))
      repeated += tries.reduce((sum, each) => sum + each - 1, 0)
      options.tell?.(round)
    }
    const seconds = (performance.now() - begunAt) / 1000
    scene.proxy.decide = () => ({ fate: 'pass' })
    return { seconds, repeated, ...(await inspect(scene, tabs)) }
  } finally {
    await scene.close()
  }
}

async function openTabs(scene: Scene, { tabs: count, proof }: TabsOptions): Promise<readonly Tab[]> {
  const user = await scene.newUser()
  const first = await scene.openTab(user, { proof })
  await first.begin('ada@example.com')
  const others = Array.from({ length: count - 1 }, () => scene.openTab(user, { proof }))
  const tabs = [first, ...(await Promise.all(others))]
  await Promise.all(tabs.map((tab) => tab.reaches('signed-in')))
  return tabs
}

/** How many tries it took. */
async function callInRound(tab: Tab, round: number): Promise<number> {
  let answer = ''
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    answer = await tab.use(
      (auth, path) =>
        auth.fetch(path).then(
          ({ status }) => String(status),
          (error: unknown) => String(error),
        ),
      `/rounds/${round}`,
    )
    if (answer === '200') return tries
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
  throw new Error(
    `round ${round}: ${MOST_TRIES} tries were in vain: ${answer}; ${JSON.stringify((await tab.told()).slice(-3))}`,
  )
}

type Inspected = Omit<TabsOutcome, 'seconds' | 'repeated'>

async function inspect(scene: Scene, tabs: readonly Tab[]): Promise<Inspected> {
  const signOuts: string[] = []
  for (const tab of tabs) {
    if (await tab.wasSignedOut()) signOuts.push(JSON.stringify((await tab.told()).slice(-5)))
  }
  const [first] = tabs
  const listed = await first?.use((auth) => auth.sessions.list())
  const record = readRefreshes(scene.proxy.passed)
  return { signOuts, sessions: listed?.length ?? 0, record, ...(await readStore(scene)) }
}

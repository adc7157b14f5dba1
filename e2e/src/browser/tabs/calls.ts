import type { BrowserContext } from 'playwright-core'
import { until } from '../../harness.ts'
import type { Scene } from '../scene.ts'
import type { Tab, TabOptions } from '../tab.ts'
import { readRefreshes, type RefreshRecord } from './record.ts'
import { answerRounds } from './rounds.ts'

/** Calls of tabs to an API that takes no token of an earlier round: see {@link answerRounds}. */
export class Calls {
  readonly #scene: Scene
  #round = 0
  #accounts = 0

  constructor(scene: Scene) {
    this.#scene = scene
    scene.pages.handlers.push(answerRounds())
  }

  /** Tabs of somebody who has just signed in. Each holds a token that this round has seen, and what came by so far is forgotten. */
  async begin(user: BrowserContext, count: number, options: TabOptions = {}): Promise<readonly [Tab, ...Tab[]]> {
    const open = (): Promise<Tab> => this.#scene.openTab(user, options)
    const first = await open()
    await first.begin(`user-${++this.#accounts}@example.com`)
    const others = await Promise.all(Array.from({ length: count - 1 }, open))
    const tabs = [first, ...others] as const
    await Promise.all(tabs.map((tab) => tab.reaches('signed-in')))
    this.wantNewTokens()
    await Promise.all(tabs.map((tab) => this.callUntilServed(tab)))
    this.#scene.proxy.passed.length = 0
    return tabs
  }

  /** From here on no token will do that was used before. */
  wantNewTokens(): void {
    this.#round++
  }

  /** The status of the answer, or the code of the error. */
  call(tab: Tab): Promise<string> {
    return tab.use(
      (auth, path) =>
        auth.fetch(path).then(
          ({ status }) => String(status),
          (error: unknown) =>
            typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error),
        ),
      `/rounds/${this.#round}`,
    )
  }

  callUntilServed(tab: Tab): Promise<true> {
    return until(async () => ((await this.call(tab)) === '200' ? true : undefined))
  }

  /** The refreshes since the tabs began. */
  refreshes(): RefreshRecord {
    return readRefreshes(this.#scene.proxy.passed)
  }
}

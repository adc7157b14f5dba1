import type { BrowserContext, Page } from 'playwright-core'

/** What the clocks of a page show more than those of the machine, in milliseconds. */
export interface Clocks {
  /** That on the wall: `Date`. */
  wallMs: number
  /** The monotonic one: `performance.now`. */
  monotonicMs: number
}

/** Pages of this user that are opened from now on have clocks that can be set. Default: they are right. */
export async function installClocks(user: BrowserContext, clocks: Partial<Clocks> = {}): Promise<void> {
  await user.addInitScript(
    (clocks) => {
      const Real = Date
      const monotonic = performance.now.bind(performance)
      const now = (): number => Real.now() + clocks.wallMs
      globalThis.Date = new Proxy(Real, {
        construct: (target, given: [] | [number]) => (given.length === 0 ? new target(now()) : new target(...given)),
        get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
      })
      performance.now = () => monotonic() + clocks.monotonicMs
      Object.assign(globalThis, { clocks })
    },
    { wallMs: 0, monotonicMs: 0, ...clocks },
  )
}

/** Sets the clocks of a page while it is open. */
export function setClocks(page: Page, clocks: Partial<Clocks>): Promise<void> {
  return page.evaluate(
    (clocks) => void Object.assign((globalThis as unknown as { clocks: Clocks }).clocks, clocks),
    clocks,
  )
}

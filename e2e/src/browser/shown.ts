import type { BrowserContext, Page } from 'playwright-core'

/** Something that a page of the shop has come to show, or that was clicked in it, and when: epoch milliseconds. */
export interface Shown {
  readonly what: string
  readonly at: number
}

/**
 * Notes within each page of the shop what it comes to show: the state (`is …`), what became of its socket (`socket …`), and clicks (`click …`). The times are
 * those of the page itself, by the one clock that all pages have in common; how busy whoever asks for them is does not matter.
 */
export async function noteWhatIsShown(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const shown: Shown[] = []
    const note = (what: string): void => void shown.push({ what, at: Date.now() })
    const last = new Map<string, string>()
    const look = (): void => {
      for (const [kind, selector] of [
        ['is', '#machine [aria-current]'],
        ['socket', '#socket'],
      ] as const) {
        const text = document.querySelector(selector)?.textContent ?? ''
        if (text !== '' && last.get(kind) !== text) note(`${kind} ${text}`)
        last.set(kind, text)
      }
    }
    new MutationObserver(look).observe(document, {
      subtree: true,
      childList: true,
      characterData: true,
      attributes: true,
    })
    const onClick = ({ target }: Event): void => note(`click ${target instanceof HTMLElement ? target.innerText : ''}`)
    addEventListener('click', onClick, true)
    Object.assign(globalThis, { shown })
  })
}

/** All of it so far. */
export function shownBy(page: Page): Promise<readonly Shown[]> {
  return page.evaluate<readonly Shown[]>('shown')
}

/** When a page first showed it since then. Infinity: it has not. */
export async function shownAt(page: Page, what: RegExp, since = 0): Promise<number> {
  return (await shownBy(page)).find((each) => what.test(each.what) && each.at >= since)?.at ?? Infinity
}

import type { Page } from 'playwright-core'

/** No page has so many places to go to. */
const MOST_STEPS = 60

/** What has the focus is called: its label, else its text. */
const FOCUSED = `(() => {
  const element = document.activeElement
  if (element === null || element === document.body) return ''
  const labels = element.labels ? [...element.labels].map((label) => label.textContent) : []
  return [element.getAttribute('aria-label'), ...labels, element.textContent].find((text) => text) ?? ''
})()`

/** Whether the focus can be seen: there is an outline or a shadow. */
const IS_SEEN = `(() => {
  const style = getComputedStyle(document.activeElement)
  return style.outlineStyle !== 'none' || style.boxShadow !== 'none'
})()`

/** Goes on with Tab until what has the focus is called so, as somebody without a mouse does. @throws {Error} when nothing is, or the focus cannot be seen. */
export async function tabTo(page: Page, name: string): Promise<void> {
  const met: string[] = []
  for (let step = 0; step < MOST_STEPS; step++) {
    const focused = (await page.evaluate<string>(FOCUSED)).trim()
    if (focused.startsWith(name)) {
      if (!(await page.evaluate<boolean>(IS_SEEN))) throw new Error(`nobody sees that "${name}" has the focus`)
      return
    }
    met.push(focused)
    await page.keyboard.press('Tab')
  }
  throw new Error(`no "${name}" on the way: ${met.join(' → ')}`)
}

/** Fills in a field that has been come to with Tab. */
export async function typeInto(page: Page, name: string, text: string): Promise<void> {
  await tabTo(page, name)
  await page.keyboard.type(text)
}

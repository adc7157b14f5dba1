import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

const SCHEMES = ['light', 'dark'] as const

/** CSS pixels: the narrowest screen that pages must fit (WCAG 1.4.10), and one on a desk. */
const WIDTHS = [320, 1280] as const

/** What axe finds wrong with a page, in both colour schemes, on a narrow and a wide screen: rule, where, and why. */
export async function findBarriers(page: Page): Promise<readonly string[]> {
  const found: string[] = []
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme })
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 })
      const { violations } = await new AxeBuilder({ page }).analyze()
      for (const { id, nodes } of violations) {
        for (const { target, failureSummary = '' } of nodes)
          found.push(`${colorScheme}: ${id} at ${target.join(' ')}, ${width} wide: ${failureSummary}`)
      }
    }
  }
  return found
}

/** Whether nothing sticks out of the narrowest screen. */
export async function fitsNarrowScreen(page: Page): Promise<boolean> {
  await page.setViewportSize({ width: WIDTHS[0], height: 640 })
  return (await page.evaluate<number>('document.documentElement.scrollWidth')) <= WIDTHS[0]
}

import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

const SCHEMES = ['light', 'dark'] as const

/** What axe finds wrong with a page, in both colour schemes: rule, where, and why. */
export async function findBarriers(page: Page): Promise<readonly string[]> {
  const found: string[] = []
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme })
    const { violations } = await new AxeBuilder({ page }).analyze()
    for (const { id, nodes } of violations) {
      for (const { target, failureSummary = '' } of nodes)
        found.push(`${colorScheme}: ${id} at ${target.join(' ')}: ${failureSummary}`)
    }
  }
  return found
}

/** Whether nothing sticks out of a narrow screen (WCAG 1.4.10: 320 CSS pixels wide). */
export async function fitsNarrowScreen(page: Page): Promise<boolean> {
  await page.setViewportSize({ width: 320, height: 640 })
  return (await page.evaluate<number>('document.documentElement.scrollWidth')) <= 320
}

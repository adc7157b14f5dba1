import { lacksChromium } from './chromium.ts'

const lack = lacksChromium()
if (lack !== undefined) {
  if (process.env['CI'] === 'true') throw new Error(lack)
  process.stderr.write(`\nSKIPPED: tests in a browser. ${lack}\n`)
}

/** Whether tests that need a real browser are skipped, which has been said loudly by then. In CI that is a failure instead. */
export const WITHOUT_CHROMIUM = lack !== undefined

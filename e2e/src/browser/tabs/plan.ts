import type { Dice } from '../../faults/dice.ts'
import type { Coming, Fate, Plan } from '../fault-proxy.ts'

/** How often a refresh meets its fate; what is left passes. */
const FATES: readonly (readonly [Fate, number])[] = [
  ['cut-request', 0.1],
  ['cut-answer', 0.12],
  ['cut-body', 0.06],
  ['unavailable', 0.01],
]

const LONGEST_MS = 60

/** Loses and delays refreshes by chance; everything else passes. */
export function planByChance(dice: Dice): (coming: Coming) => Plan {
  return ({ path }) => {
    if (!path.startsWith('/oauth/token')) return { fate: 'pass' }
    const delays = { requestMs: delay(dice), answerMs: delay(dice) }
    let drawn = dice.next()
    for (const [fate, share] of FATES) {
      if (drawn < share) return { fate, ...delays }
      drawn -= share
    }
    return { fate: 'pass', ...delays }
  }
}

function delay(dice: Dice): number {
  return dice.chance(0.5) ? 0 : dice.below(LONGEST_MS)
}

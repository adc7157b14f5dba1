import type { Mutant } from '../mutant.ts'
import { NODE_MUTANTS } from './node.ts'
import { PEER_MUTANTS } from './peers.ts'
import { CACHE_MUTANTS } from './caches.ts'
import { CLOCK_MUTANTS } from './clocks.ts'
import { STEP_MUTANTS } from './steps.ts'
import { VIEW_MUTANTS } from './views.ts'

/** All mistakes that can be planted. */
export const MUTANTS: readonly Mutant[] = [
  ...CLOCK_MUTANTS,
  ...STEP_MUTANTS,
  ...VIEW_MUTANTS,
  ...NODE_MUTANTS,
  ...PEER_MUTANTS,
  ...CACHE_MUTANTS,
]

/** The mutant of this name, if there is one. */
export function findMutant(name: string): Mutant | undefined {
  return MUTANTS.find((mutant) => mutant.name === name)
}

import type { Authority } from './authority.ts'
import type { Checks } from './checks.ts'
import type { SharedLog } from './log.ts'
import type { Network } from './network.ts'
import type { AuthorityNode } from './node.ts'
import type { Plan } from './plan.ts'
import type { Verifier } from './verifier.ts'
import type { World } from './world.ts'

/** Everything that is there in a run. */
export interface Scene {
  readonly plan: Plan
  readonly world: World
  readonly network: Network
  readonly log: SharedLog
  readonly authority: Authority
  readonly checks: Checks
  readonly nodes: readonly AuthorityNode[]
  readonly verifiers: readonly Verifier[]
  readonly processes: readonly (AuthorityNode | Verifier)[]
  /** Another copy of the log takes over, which lacks this many of the latest records. */
  failOver(lost: number): void
}

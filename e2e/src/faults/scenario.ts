import type { LossWindow } from './checks/terms.ts'
import { LEASE_SECONDS } from './fleet.ts'
import type { Profile, Setting, SettingOptions } from './setting.ts'

/** What a fault did, as far as the judgement depends on it. Milliseconds of the monotonic clock. */
export interface Damage {
  /** A failover may have lost what was written in this time. */
  readonly mayLose?: LossWindow
  /** The session store came back empty. */
  readonly emptiedAt?: number
  /** What should not have been, and is in no client's history. */
  readonly findings?: readonly string[]
}

/** One fault in one profile. */
export interface Scenario {
  readonly name: string
  readonly profile: Profile
  readonly options?: SettingOptions
  /** Quick enough to be run with all other tests. */
  readonly isQuick?: boolean
  /** Why it cannot be run here. */
  readonly lacks?: () => string | undefined
  /** Does it, and heals it again; resolves when it is healed. */
  readonly strike: (setting: Setting) => Promise<Damage>
}

/** One lease, in milliseconds. */
export const TAU_MS = LEASE_SECONDS * 1000

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** What the setting of a scenario has for sure. @throws {Error} when it does not. */
export function must<Thing>(thing: Thing | undefined): Thing {
  if (thing === undefined) throw new Error('the setting lacks what the fault is about')
  return thing
}

/** Does something, leaves it so for a while, and undoes it. */
export function during(
  forMs: number,
  act: (setting: Setting) => void,
  undo: (setting: Setting) => void,
): Scenario['strike'] {
  return async (setting) => {
    act(setting)
    await pause(forMs)
    undo(setting)
    return {}
  }
}

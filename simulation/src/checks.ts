import { boundMs, type LogHead } from '@counterfoil/protocol'
import type { Machine } from './machine.ts'
import type { Plan } from './plan.ts'
import type { Ending, SimSession, SimToken } from './truth.ts'
import type { World } from './world.ts'

/** The clauses of the guarantee that a run is held to. */
export type Clause = 'G1' | 'G2' | 'G3' | 'wait' | 'cut-off' | 'liveness' | 'false alarm' | 'crash'

/** All clauses. */
export const CLAUSES: readonly Clause[] = ['G1', 'G2', 'G3', 'wait', 'cut-off', 'liveness', 'false alarm', 'crash']

/** A clause that was broken, when, and how. */
export interface Violation {
  readonly clause: Clause
  readonly at: number
  readonly says: string
}

/** A decision at the instant at which its clocks were read. */
export interface Decided {
  readonly machine: Machine
  readonly token: SimToken
  readonly startedAt: number
  readonly minPosition: LogHead | undefined
  /** Whether the verifier listens to what is pushed. */
  readonly hearsPushes: boolean
}

/** A request with a session token that a node has answered. */
export interface Served {
  readonly machine: Machine
  readonly session: SimSession
  readonly startedAt: number
  /** Whether the store was asked: then it stood at some moment since the request began. */
  readonly isRead: boolean
}

/** From commit until every verifier that listens has applied it, when nothing is wrong. */
const PUSHED_WITHIN_MS = 60
/** A push after losses shows the gap, and within this time a channel is open again. */
const CHANNEL_BACK_MS = 2500

/** Holds what happens against the guarantee, as it happens. The first violation ends the run. */
export class Checks {
  violation: Violation | undefined
  accepted = 0
  rejected = 0
  stale = 0
  #settledAt = Infinity
  readonly #world: World
  readonly #plan: Plan

  readonly #ignored: ReadonlySet<Clause>

  constructor(world: World, plan: Plan, ignored: ReadonlySet<Clause>) {
    this.#ignored = ignored
    this.#world = world
    this.#plan = plan
  }

  break(clause: Clause, says: string): void {
    if (this.violation !== undefined || this.#ignored.has(clause)) return
    this.violation = { clause, at: this.#world.now, says }
    this.#world.say(() => `VIOLATION of ${clause}: ${says}`)
    this.#world.stop()
  }

  get isCalm(): boolean {
    return this.#world.now >= this.#plan.calmFrom
  }

  /** How late a verifier may be. A machine that has slept reckons by a clock that tells whole milliseconds. */
  boundMs({ hasSlept }: Machine): number {
    return boundMs(this.#plan.leaseMs) + (hasSlept ? 1 : 0)
  }

  /** A record is committed: when it finds the network well, channels that have missed something find out. */
  committed(): void {
    const { now } = this.#world
    const { calmFrom } = this.#plan
    if (now > calmFrom - 2 * CHANNEL_BACK_MS && this.#settledAt === Infinity)
      this.#settledAt = Math.max(now + CHANNEL_BACK_MS, calmFrom)
  }

  tookForClear(decided: Decided): void {
    this.accepted++
    const { token, machine, startedAt, minPosition } = decided
    const who = `${machine.name} accepts ${token.name}`
    for (const ending of endingsOf(token)) {
      const { committedAt, obeyedAt, isLost, place } = ending
      const late = this.#world.now - committedAt
      if (!isLost && late > this.boundMs(machine))
        this.break('G1', `${who} ${late.toFixed(1)} ms after ${nameOf(ending)} was committed`)
      if (decided.hearsPushes && this.isCalm && this.#settledAt < committedAt && late > PUSHED_WITHIN_MS)
        this.break(
          'liveness',
          `${who} in a calm, ${late.toFixed(1)} ms after ${nameOf(ending)}, which ought to have been pushed`,
        )
      if (!isLost && startedAt > obeyedAt)
        this.break('G2', `${who} by a decision that began after ${nameOf(ending)} was obeyed everywhere`)
      if (minPosition?.incarnation === place.incarnation && place.position <= minPosition.position)
        this.break('G3', `${who} at position ${String(minPosition.position)} or later, in spite of ${nameOf(ending)}`)
    }
  }

  /** A node took a session for live. */
  served({ machine, session, startedAt, isRead }: Served): void {
    this.accepted++
    const who = `${machine.name} serves session ${session.id.slice(0, 4)}`
    for (const ending of session.endings) {
      if (ending.isLost) continue
      const late = this.#world.now - ending.committedAt
      if (!isRead && late > this.boundMs(machine))
        this.break('G1', `${who} from memory ${late.toFixed(1)} ms after ${nameOf(ending)} was committed`)
      if (startedAt > ending.obeyedAt)
        this.break('G2', `${who} by a decision that began after ${nameOf(ending)} was obeyed everywhere`)
    }
  }

  /** A node could not find out whether a session stands. In a calm that must not be. */
  couldNotServe({ name }: Machine, startedAt: number): void {
    this.stale++
    if (this.isCalm && startedAt >= this.#plan.calmFrom) this.break('liveness', `${name} cannot serve in a calm`)
  }

  tookForRevoked({ token, machine }: Decided): void {
    this.rejected++
    if (endingsOf(token).length > 0 || token.mayLookRevoked) return
    this.break('false alarm', `${machine.name} says that ${token.name} is revoked, and it is not`)
  }

  /** Nobody can tell, or the token looks expired. In a calm that must not be. */
  couldNotTell({ token, machine, startedAt }: Decided, why: string): void {
    this.stale++
    if (!this.isCalm || token.issuedAt < this.#plan.calmFrom || startedAt < this.#plan.calmFrom) return
    if (endingsOf(token).length === 0)
      this.break('liveness', `${machine.name} does not accept ${token.name} in a calm: ${why}`)
  }
}

/** All that ends a token. */
export function endingsOf({ session, key }: SimToken): readonly Ending[] {
  return key.endings.length === 0 ? session.endings : [...session.endings, ...key.endings]
}

/** A record in a few words. */
export function nameOf({ record, place, isLost }: Ending): string {
  return `the ${record.kind} record ${place.incarnation.slice(0, 4)}@${String(place.position)}${isLost ? ' (lost)' : ''}`
}

import { CLOCK_RATE_ERROR } from '@counterfoil/protocol'
import { drawFaults, type Fault } from './faults.ts'
import type { ClockRates } from './machine.ts'
import { Random } from './random.ts'

/** All that a seed decides before a run begins. Durations in milliseconds. */
export interface Plan {
  readonly seed: number
  readonly leaseMs: number
  readonly tokenMs: number
  readonly leewayMs: number
  readonly timeoutMs: number
  readonly nodes: readonly ClockRates[]
  readonly verifiers: readonly { readonly mode: 'background' | 'on-demand'; readonly rates: ClockRates }[]
  readonly faults: readonly Fault[]
  /** Until when faults begin and end; from when on the network is well and all clocks are right; when the run is over. */
  readonly faultsUntil: number
  readonly calmFrom: number
  readonly endsAt: number
}

/** After a silence of this length a verifier takes its push channel for dead. */
export const SILENCE_MS = 3000
/** What a follower waits at most before it tries again. */
const LONGEST_RETRY_MS = 2000

function drawRates(random: Random): ClockRates {
  const rate = (): number => 1 + CLOCK_RATE_ERROR * (random.pick([-1, 1, 0, random.between(-1, 1)]) ?? 0)
  return { monotonic: rate(), wall: rate(), wallOffset: random.between(-3000, 3000) }
}

/** The plan of a seed. */
export function drawPlan(seed: number): Plan {
  const random = new Random(seed, 0)
  const leaseMs = random.pick([1000, 2000, 5000, Math.round(random.between(1000, 5000))]) ?? 1000
  const nodes = Array.from({ length: random.pick([1, 1, 2, 3]) ?? 1 }, () => drawRates(random))
  const verifiers = Array.from({ length: random.int(1, 5) }, () => ({
    mode: random.chance(0.7) ? ('background' as const) : ('on-demand' as const),
    rates: drawRates(random),
  }))
  const names = [...nodes.map((_, at) => `node ${String(at)}`), ...verifiers.map((_, at) => `verifier ${String(at)}`)]
  const faultsUntil = Math.min(8 * leaseMs, 15_000) + random.between(5000, 20_000)
  const calmFrom = faultsUntil + 2 * leaseMs + SILENCE_MS + 2 * LONGEST_RETRY_MS
  return {
    seed,
    leaseMs,
    tokenMs: random.int(3, 12) * 1000,
    leewayMs: random.int(1, 5) * 500,
    timeoutMs: Math.round(leaseMs * random.between(0.2, 1.2)),
    nodes,
    verifiers,
    faults: drawFaults(random, {
      nodes: nodes.length,
      verifiers: verifiers.length,
      leaseMs,
      faultsUntil,
      sleepers: names.filter(() => random.chance(0.4)),
    }),
    faultsUntil,
    calmFrom,
    endsAt: calmFrom + 3 * leaseMs + 3000,
  }
}

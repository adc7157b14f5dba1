import type { Random } from './random.ts'

/** Which way a message goes between a verifier and a node. */
export type Direction = 'up' | 'down'

/** Something that goes wrong, from an instant of the true time on, for a while where that has a meaning. Milliseconds. */
export type Fault = { readonly at: number; readonly forMs: number } & (
  | {
      readonly kind: 'partition'
      readonly verifier: number
      readonly node: number
      readonly ways: readonly Direction[]
    }
  | { readonly kind: 'loss' | 'duplicate'; readonly probability: number }
  | { readonly kind: 'delay' | 'reorder'; readonly upToMs: number }
  | { readonly kind: 'pause' | 'sleep' | 'crash'; readonly machine: string }
  | { readonly kind: 'step'; readonly machine: string; readonly byMs: number }
  | { readonly kind: 'failover'; readonly lost: number }
  | { readonly kind: 'compact'; readonly node: number; readonly keepMs: number }
  | { readonly kind: 'outage' }
  | { readonly kind: 'slow log'; readonly upToMs: number }
  | { readonly kind: 'small reads'; readonly records: number }
  | { readonly kind: 'lost hints' }
)

/** Names of all faults, and how often each is drawn in comparison. */
export const FAULT_KINDS: readonly (readonly [Fault['kind'], number])[] = [
  ['partition', 6],
  ['loss', 3],
  ['duplicate', 2],
  ['delay', 4],
  ['reorder', 2],
  ['pause', 4],
  ['sleep', 3],
  ['crash', 4],
  ['step', 4],
  ['failover', 4],
  ['compact', 3],
  ['outage', 2],
  ['slow log', 2],
  ['small reads', 2],
  ['lost hints', 2],
]

/** What faults can happen to. Durations in milliseconds. */
export interface Stage {
  readonly nodes: number
  readonly verifiers: number
  readonly leaseMs: number
  readonly faultsUntil: number
  /** Machines that may be suspended: their wall clocks are never set back. */
  readonly sleepers: readonly string[]
}

const WEIGHT = FAULT_KINDS.reduce((sum, [, weight]) => sum + weight, 0)
const HOUR = 3_600_000

/** The schedule of what goes wrong in a run. */
export function drawFaults(random: Random, stage: Stage): Fault[] {
  const count = random.int(0, 24)
  const faults = Array.from({ length: count }, () => drawFault(random, stage))
  return faults.filter((fault) => fault !== undefined).toSorted((one, other) => one.at - other.at)
}

function drawKind(random: Random): Fault['kind'] {
  let left = random.next() * WEIGHT
  for (const [kind, weight] of FAULT_KINDS) {
    left -= weight
    if (left < 0) return kind
  }
  return 'outage'
}

function drawFault(random: Random, stage: Stage): Fault | undefined {
  const { leaseMs, faultsUntil } = stage
  const kind = drawKind(random)
  const at = random.between(0, faultsUntil)
  const forMs = Math.min(faultsUntil - at, leaseMs * random.next() ** 2 * 4)
  const span = { at, forMs }
  const machine = drawMachine(random, stage)
  switch (kind) {
    case 'partition':
      return { kind, ...span, ...drawLink(random, stage) }
    case 'loss':
    case 'duplicate':
      return { kind, ...span, probability: random.between(0.05, 0.7) }
    case 'delay':
    case 'reorder':
    case 'slow log':
      return { kind, ...span, upToMs: leaseMs * random.next() ** 2 * 1.5 }
    case 'pause':
    case 'crash':
      return { kind, ...span, machine }
    case 'sleep':
      return stage.sleepers.includes(machine) ? { kind, ...span, machine } : undefined
    case 'step':
      return { kind, at, forMs: 0, machine, byMs: drawStep(random, stage, machine) }
    case 'failover':
      return { kind, at, forMs: random.next() * 200, lost: random.chance(0.3) ? 0 : random.int(1, 4) }
    case 'compact':
      return { kind, at, forMs: 0, node: random.int(0, stage.nodes - 1), keepMs: random.next() ** 2 * 15 * leaseMs }
    case 'small reads':
      return { kind, ...span, records: random.int(1, 3) }
    case 'outage':
    case 'lost hints':
      return { kind, ...span }
  }
}

function drawMachine(random: Random, { nodes, verifiers }: Stage): string {
  const number = random.int(0, nodes + verifiers - 1)
  return number < nodes ? `node ${String(number)}` : `verifier ${String(number - nodes)}`
}

function drawLink(
  random: Random,
  { nodes, verifiers }: Stage,
): { verifier: number; node: number; ways: readonly Direction[] } {
  const both: readonly Direction[] = ['up', 'down']
  const one: Direction = random.chance(0.5) ? 'up' : 'down'
  const ways = random.chance(0.5) ? both : [one]
  return { verifier: random.int(0, verifiers - 1), node: random.int(0, nodes - 1), ways }
}

function drawStep(random: Random, { sleepers, leaseMs }: Stage, machine: string): number {
  const size = (random.chance(0.5) ? leaseMs * 3 : 3 * HOUR) * random.next()
  return sleepers.includes(machine) || random.chance(0.4) ? size : -size
}

/** A fault in a line. */
export function describeFault({ kind, at, forMs, ...what }: Fault): string {
  const until = forMs > 0 ? ` for ${forMs.toFixed(0)} ms` : ''
  const details = Object.entries(what).map(([name, value]) => `${name} ${describeValue(value)}`)
  return `${at.toFixed(0).padStart(7)} ms  ${kind}${until}${details.length > 0 ? ` (${details.join(', ')})` : ''}`
}

function describeValue(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : value.toFixed(2)
  return Array.isArray(value) ? value.join('+') : String(value)
}

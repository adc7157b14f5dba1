import { boundMs, patienceMs } from '@counterfoil/protocol'
import Table from 'cli-table3'
import type { SuiteResult } from '../finding.ts'
import type { CalmFigures } from './calm.ts'
import type { BurstFigures, DeliveryFigures } from './deliveries.ts'
import type { FaultFigures } from './fault-run.ts'

const REJECTION_TARGET_MS = 50
const SYNCHRONOUS_TARGET_MS = 100
const DELIVERIES_TARGET = 4

/** The value below which this share of the values lies. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN
}

function spread(values: readonly number[]): string {
  const [middle, high, most] = [0.5, 0.99, 1].map((share) => quantile(values, share).toFixed(1))
  return `p50 ${middle} ms, p99 ${high} ms, max ${most} ms`
}

function percent(share: number): string {
  return `${(Math.floor(share * 100_000) / 1000).toFixed(3)} %`
}

/** The same figures with another number of verifiers, in a line. */
function compare({ verifiers, fromCommit, synchronous }: CalmFigures): string {
  return `The same with ${verifiers} verifiers: from commit to rejection ${spread(fromCommit)}; \`wait=everywhere\` ${spread(synchronous)}.`
}

/** What was measured without faults, beside its targets. */
export function reportCalm(figures: CalmFigures, fewer?: CalmFigures): SuiteResult {
  const { verifiers, leaseMs, fromCommit, fromReturn, synchronous, overshoot, probes } = figures
  const against = (what: string, ours: number, theirs: number) =>
    ({ what, unit: 'ms', ours, peer: 'target', theirs, target: 1, lowerIsBetter: true }) as const
  return {
    title: `Without faults: ${verifiers} verifiers, lease ${leaseMs / 1000} s`,
    findings: [
      against('commit to rejection, p99', quantile(fromCommit, 0.99), REJECTION_TARGET_MS),
      against('synchronous revocation, p99', quantile(synchronous, 0.99), SYNCHRONOUS_TARGET_MS),
    ],
    remarks: [
      `From commit (reckoned from before the request was sent) to rejection: ${spread(fromCommit)}; ${fromCommit.length} rejections.`,
      `From the return of the revocation to rejection: ${spread(fromReturn)}; below 0 the rejection came first.`,
      `Duration of a revocation with \`wait=everywhere\`: ${spread(synchronous)}; ${synchronous.length} revocations.`,
      `Acceptances that started after such a call returned: ${figures.acceptedAfterwards} (must be 0).`,
      `Overshoot over the bound of ${boundMs(leaseMs).toFixed(0)} ms from commit: ${overshootOf(overshoot)}.`,
      `Availability of a token that was not revoked: ${percent(figures.availability)} of ${probes.toLocaleString('en-US')} probes.`,
      ...(fewer === undefined ? [] : [compare(fewer)]),
    ],
  }
}

/** Deliveries beside Redis. */
export function reportDeliveries({ receivers, records, ours, redis }: DeliveryFigures): SuiteResult {
  const what = `${records} records to each of ${receivers}`
  const method = [
    'Ours: the records are committed in one append by another process on the same database, and a sign-out then makes the server look; what is received is parsed, checked and applied. Redis: as many publishes of one record each, pipelined on one connection; what is received is parsed, checked and kept in a set, or only counted. All from before the first is handed over until the last receiver has all.',
  ]
  if (redis === undefined) {
    return {
      title: 'Deliveries of the push channel',
      findings: [],
      remarks: [
        `${what}: ${Math.round(ours.perSecond).toLocaleString('en-US')} deliveries/s, complete at 99 % of the receivers after ${ours.p99Ms.toFixed(0)} ms.`,
        'NOT COMPARED with Redis pub/sub: redis-server is not on PATH.',
        ...method,
      ],
    }
  }
  const { applied, counted } = redis
  const rate = (peer: string, { perSecond }: BurstFigures) =>
    ({ what: `deliveries, ${what}`, unit: '/s', ours: ours.perSecond, peer, theirs: perSecond }) as const
  const until = { what: 'until a receiver has all of a burst, p99', unit: 'ms', ours: ours.p99Ms }
  return {
    title: 'Deliveries of the push channel, against Redis pub/sub',
    findings: [
      { ...rate('Redis pub/sub, applied too', applied), target: DELIVERIES_TARGET },
      { ...until, peer: 'Redis pub/sub, applied too', theirs: applied.p99Ms, target: 1, lowerIsBetter: true },
      rate('Redis pub/sub, only counted', counted),
      { ...until, peer: 'Redis pub/sub, only counted', theirs: counted.p99Ms, lowerIsBetter: true },
    ],
    remarks: method,
  }
}

const FAULT_HEAD = [
  'fault',
  'overshoot over the bound',
  'accepted after the bound',
  'wait=everywhere took',
  'accepted after it returned',
  'availability',
  'availability elsewhere',
  'recovered after',
] as const

function overshootOf(ms: number): string {
  return ms > 0 ? `${ms.toFixed(1)} ms` : `none (${(-ms).toFixed(0)} ms to spare)`
}

/** Whether the guarantee held under a fault. */
export function holds({ overshoot, acceptedAfterBound, acceptedAfterReturn }: FaultFigures): boolean {
  return overshoot <= 0 && acceptedAfterBound === 0 && acceptedAfterReturn === 0
}

function cellsOf(figures: FaultFigures): string[] {
  return [
    figures.name,
    overshootOf(figures.overshoot),
    String(figures.acceptedAfterBound),
    `${figures.waitedMs.toFixed(0)} ms`,
    String(figures.acceptedAfterReturn),
    percent(figures.availability),
    figures.availabilityElsewhere === undefined ? '' : percent(figures.availabilityElsewhere),
    `${figures.recoveredAfterMs.toFixed(0)} ms`,
  ]
}

function faultTitle(faults: readonly FaultFigures[]): string {
  const leaseMs = faults[0]?.leaseMs ?? NaN
  return `With faults: lease (τ) ${leaseMs / 1000} s, bound ${boundMs(leaseMs).toFixed(0)} ms, wait=everywhere at most ${patienceMs(leaseMs).toFixed(0)} ms`
}

const FAULT_REMARKS = [
  'Lost lease: `onStale: reject`. Availability is that of a token that was not revoked, from the beginning of the fault until everybody had recovered; a stopped process makes no probes. Elsewhere: verifiers in processes that were not hit.',
  'Where the server is hit, the connections of one process were cut just before the first of the two revocations: it has a lease, and gets no push.',
  'Overshoot is that of the last acceptance of either revoked token over return + bound. While the server itself is stopped, `wait=everywhere` takes that much longer.',
]

/** The faults for a terminal. */
export function drawFaults(faults: readonly FaultFigures[]): string {
  const table = new Table({ head: [...FAULT_HEAD], style: { head: [], border: [] } })
  table.push(...faults.map(cellsOf))
  return [`\n${faultTitle(faults)}`, table.toString(), ...FAULT_REMARKS].join('\n')
}

/** The same for a document. */
export function writeFaults(faults: readonly FaultFigures[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const rows = [FAULT_HEAD, FAULT_HEAD.map(() => '---'), ...faults.map(cellsOf)].map(line)
  return [`## ${faultTitle(faults)}`, '', ...rows, '', ...FAULT_REMARKS.map((remark) => `- ${remark}`), ''].join('\n')
}

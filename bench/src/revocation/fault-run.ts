import { boundMs } from '@counterfoil/protocol'
import { FAULTS, type Fault } from './faults.ts'
import type { Revoked } from './installation.ts'
import type { Sighting } from './journal.ts'
import { monotonicMs, pause } from './monotonic.ts'
import { progress, type Scale } from './scale.ts'
import { openStage, waitOutTheStart, type Stage } from './stage.ts'

const PATIENCE_MS = 20_000
/** Between the beginning of a fault and what is sent while it lasts. */
const HEAD_START_MS = 30
/** How much longer than the bound is watched. */
const MARGIN_MS = 250

/** What came of one fault. Milliseconds. */
export interface FaultFigures {
  readonly name: string
  readonly leaseMs: number
  /** By how much the last acceptance started later than return + bound; below 0: by how much earlier. */
  readonly overshoot: number
  /** Acceptances of either token that started later than return + bound. */
  readonly acceptedAfterBound: number
  /** How long the synchronous revocation took. */
  readonly waitedMs: number
  /** Acceptances that started after it returned. */
  readonly acceptedAfterReturn: number
  /** Share of the probes of an unrevoked token that were accepted from the beginning of the fault until all had recovered. */
  readonly availability: number
  /** The same at verifiers that were not hit; undefined where all were. */
  readonly availabilityElsewhere: number | undefined
  /** From the end of the fault until every verifier accepted the unrevoked token again. */
  readonly recoveredAfterMs: number
}

const NAMES = ['plain', 'awaited', 'lasting'] as const

/** Revokes one session without waiting and one with, as the fault has it. */
async function revokeAround(stage: Stage, fault: Fault, plain: string, awaited: string) {
  const { installation, proxy } = stage
  // A server that goes down after a push was sent proves little: the first process must not get this one.
  if (fault.plain === 'before') proxy.set('cut')
  const before = fault.plain === 'before' ? await installation.revoke(plain) : undefined
  const struckAt = monotonicMs()
  const over = fault.strike(stage).then(() => monotonicMs())
  if (before !== undefined) proxy.set('open')
  await pause(HEAD_START_MS)
  const during = before === undefined ? installation.revoke(plain) : undefined
  const waiting = fault.awaited === 'during' ? installation.revoke(awaited, 'everywhere') : undefined
  const healedAt = await over
  const ends = await Promise.all([
    before ?? during ?? installation.revoke(plain),
    waiting ?? installation.revoke(awaited, 'everywhere'),
  ])
  return { struckAt, healedAt, plain: ends[0], awaited: ends[1] }
}

/** Until everybody refuses what was revoked and accepts what was not, and longer than the bound. */
async function untilRecovered({ fleet, leaseMs }: Stage, returnedAt: number): Promise<void> {
  const settle = (name: string, verdict: 'refused' | 'accepted') =>
    fleet.ask('settle', { name, verdict, withinMs: PATIENCE_MS })
  const ends = await Promise.all([
    settle('plain', 'refused'),
    settle('awaited', 'refused'),
    settle('lasting', 'accepted'),
  ])
  if (ends.flat().includes(false)) throw new Error(`the verifiers did not recover within ${PATIENCE_MS} ms`)
  await pause(Math.max(0, returnedAt + boundMs(leaseMs) + MARGIN_MS - monotonicMs()))
}

function availabilityOf(sightings: readonly Sighting[]): number {
  const probes = sightings.reduce((sum, one) => sum + one.probes, 0)
  return sightings.reduce((sum, one) => sum + one.accepted, 0) / probes
}

function greatest(values: readonly (number | undefined)[]): number {
  return values.reduce<number>((one, other) => Math.max(one, other ?? -Infinity), -Infinity)
}

function lateness({ returnedAt }: Revoked, sightings: readonly Sighting[], leaseMs: number): number {
  return greatest(sightings.map(({ lastAcceptedStart }) => lastAcceptedStart)) - returnedAt - boundMs(leaseMs)
}

function countAfter(sightings: readonly Sighting[], cut: number): number {
  return sightings.reduce((sum, { acceptedAfter }) => sum + (acceptedAfter[cut] ?? 0), 0)
}

async function tryFault(stage: Stage, fault: Fault): Promise<FaultFigures> {
  const { fleet, leaseMs, installation } = stage
  const tokens = await Promise.all(NAMES.map(() => installation.signIn()))
  await Promise.all(NAMES.map((name, at) => fleet.ask('watch', { name, token: tokens[at] ?? '' })))
  const { struckAt, healedAt, plain, awaited } = await revokeAround(stage, fault, tokens[0] ?? '', tokens[1] ?? '')
  await untilRecovered(stage, Math.max(plain.returnedAt, awaited.returnedAt))
  const window = { from: struckAt, to: monotonicMs() }
  const cuts = [plain, awaited].map(({ returnedAt }) => returnedAt + boundMs(leaseMs))
  const seenPlain = (await fleet.ask('report', { name: 'plain', question: { ...window, cuts } })).flat()
  const seenAwaited = (
    await fleet.ask('report', { name: 'awaited', question: { ...window, cuts: [...cuts, awaited.returnedAt] } })
  ).flat()
  const seenLasting = await fleet.ask('report', { name: 'lasting', question: { ...window, cuts: [] } })
  return {
    name: fault.name,
    leaseMs,
    overshoot: Math.max(lateness(plain, seenPlain, leaseMs), lateness(awaited, seenAwaited, leaseMs)),
    acceptedAfterBound: countAfter(seenPlain, 0) + countAfter(seenAwaited, 1),
    waitedMs: awaited.returnedAt - awaited.sentAt,
    acceptedAfterReturn: countAfter(seenAwaited, 2),
    availability: availabilityOf(seenLasting.flat()),
    availabilityElsewhere: fault.hits === 'all' ? undefined : availabilityOf(seenLasting.slice(1).flat()),
    recoveredAfterMs: Math.max(0, greatest(seenLasting.flat().map(({ lastDeniedEnd }) => lastDeniedEnd)) - healedAt),
  }
}

/** Tries one fault after the other. */
export async function measureFaults(scale: Scale): Promise<readonly FaultFigures[]> {
  const stage = await openStage(scale, scale.faultLeaseSeconds, 'through proxy')
  const found: FaultFigures[] = []
  try {
    await waitOutTheStart(stage)
    for (const fault of scale.oneFault ? FAULTS.slice(0, 1) : FAULTS) {
      progress(`${fault.name} (lease ${scale.faultLeaseSeconds} s)`)
      found.push(await tryFault(stage, fault))
    }
    return found
  } finally {
    await stage.stop()
  }
}

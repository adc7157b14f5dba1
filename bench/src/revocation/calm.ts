import { boundMs } from '@counterfoil/protocol'
import type { Sighting } from './journal.ts'
import { monotonicMs } from './monotonic.ts'
import { progress, type Scale } from './scale.ts'
import { openStage, waitOutTheStart, type Stage } from './stage.ts'

const LEASE_SECONDS = 5
const PATIENCE_MS = 20_000
const LASTING = 'lasting'

/** What was measured without faults. Milliseconds. */
export interface CalmFigures {
  readonly verifiers: number
  readonly leaseMs: number
  /** For each verifier and revocation: from before the request was sent until the first rejection. */
  readonly fromCommit: readonly number[]
  /** The same from when the revocation returned; below 0 where the rejection came first. */
  readonly fromReturn: readonly number[]
  /** By how much the last acceptance was later than the bound after the commit; below 0: by how much it was earlier. */
  readonly overshoot: number
  /** How long `wait=everywhere` took. */
  readonly synchronous: readonly number[]
  /** Acceptances that started after it returned. */
  readonly acceptedAfterwards: number
  /** Share of the probes of an unrevoked token that were accepted. */
  readonly availability: number
  readonly probes: number
}

interface Round {
  readonly sentAt: number
  readonly returnedAt: number
  readonly sightings: readonly Sighting[]
}

/** Ends one session, and collects what every verifier said of its token. */
async function endOne({ installation, fleet }: Stage, name: string, wait?: 'everywhere'): Promise<Round> {
  const token = await installation.signIn()
  await fleet.ask('watch', { name, token })
  const { sentAt, returnedAt } = await installation.revoke(token, wait)
  const settled = await fleet.ask('settle', { name, verdict: 'refused', withinMs: PATIENCE_MS })
  if (settled.includes(false)) throw new Error(`${name} is still accepted after ${PATIENCE_MS} ms`)
  const reports = await fleet.ask('report', { name, question: { from: 0, to: Infinity, cuts: [returnedAt] } })
  return { sentAt, returnedAt, sightings: reports.flat() }
}

function measure(plain: readonly Round[], awaited: readonly Round[], leaseMs: number) {
  const fromCommit = plain.flatMap(({ sentAt, sightings }) => sightings.map((one) => (one.refusedFrom ?? NaN) - sentAt))
  const fromReturn = plain.flatMap(({ returnedAt, sightings }) =>
    sightings.map((one) => (one.refusedFrom ?? NaN) - returnedAt),
  )
  const lateness = [...plain, ...awaited].flatMap(({ sentAt, sightings }) =>
    sightings.map((one) => (one.lastAcceptedStart ?? -Infinity) - sentAt - boundMs(leaseMs)),
  )
  return {
    fromCommit,
    fromReturn,
    overshoot: lateness.reduce((one, other) => Math.max(one, other), -Infinity),
    synchronous: awaited.map(({ sentAt, returnedAt }) => returnedAt - sentAt),
    acceptedAfterwards: awaited
      .flatMap(({ sightings }) => sightings)
      .reduce((sum, { acceptedAfter }) => sum + (acceptedAfter[0] ?? 0), 0),
  }
}

/** Revokes one session after the other while every verifier is probed, first without waiting and then with. */
export async function measureCalm(scale: Scale): Promise<CalmFigures> {
  const verifiers = scale.processes * scale.verifiersEach
  progress(
    `without faults: ${verifiers} verifiers, lease ${LEASE_SECONDS} s, ${scale.rounds} revocations of each manner`,
  )
  const stage = await openStage(scale, LEASE_SECONDS, 'direct')
  try {
    await waitOutTheStart(stage)
    const token = await stage.installation.signIn()
    await stage.fleet.ask('watch', { name: LASTING, token })
    const from = monotonicMs()
    const [plain, awaited]: [Round[], Round[]] = [[], []]
    for (let round = 0; round < scale.rounds; round++) {
      plain.push(await endOne(stage, `plain ${round}`))
      awaited.push(await endOne(stage, `awaited ${round}`, 'everywhere'))
      if ((round + 1) % Math.max(1, scale.rounds / 5) === 0) progress(`  ${round + 1} of ${scale.rounds}`)
    }
    const question = { from, to: monotonicMs(), cuts: [] }
    const lasting = (await stage.fleet.ask('report', { name: LASTING, question })).flat()
    const probes = lasting.reduce((sum, one) => sum + one.probes, 0)
    const accepted = lasting.reduce((sum, one) => sum + one.accepted, 0)
    const { leaseMs } = stage
    return { verifiers, leaseMs, ...measure(plain, awaited, leaseMs), availability: accepted / probes, probes }
  } finally {
    await stage.stop()
  }
}

import type { Finding } from '../finding.ts'
import type { Installation } from './installations.ts'
import { compare, loadOf, type Load } from './load.ts'
import type { Population } from './population.ts'
import type { Found, Pace } from './rotation.ts'

/** A store with sessions in it. */
export interface Filled {
  readonly installation: Installation
  readonly population: Population
}

const VERBS = ['find', 'rotate', 'start'] as const

const TITLES = { find: 'session check', rotate: 'rotation', start: 'start (what a sign-in writes)' } as const

/** Finding, rotating and starting sessions in each store, side by side. */
export async function compareStores(stores: readonly Filled[], pace: Pace): Promise<Found> {
  const findings: Finding[] = []
  for (const verb of VERBS) {
    const subjects = stores.map(({ installation: { name, storeCpuMicros }, population }) => ({
      name,
      storeCpuMicros,
      act: population[verb],
    }))
    const loads = await compare(subjects, pace)
    const peer = stores.find(({ installation }) => installation.name === 'SQLite')?.installation.name ?? ''
    findings.push(
      ...subjects.map(({ name }) => findingOf(`${TITLES[verb]}, ${name}`, loadOf(loads, name), peer, loads)),
    )
  }
  return { findings, remarks: [] }
}

function findingOf(what: string, { perSecond }: Load, peer: string, loads: ReadonlyMap<string, Load>): Finding {
  return { what, unit: '/s', ours: perSecond, peer: `ours, ${peer}`, theirs: loadOf(loads, peer).perSecond }
}

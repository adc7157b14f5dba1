import type { TabsOutcome } from './run.ts'

/** So many refreshes more than one for each round are let pass, as a share: a tab waits for what others tell only for a moment, which a busy machine may exceed. */
const NEEDLESS_SHARE = 0.05

/** What was promised and not kept, a sentence each. */
export function judgeTabs({ signOuts, sessions, generation, alarms, record }: TabsOutcome, rounds: number): string[] {
  const { successors, refusals, overlaps, lastGeneration, fates, provedAnew } = record
  const forked = [...successors].filter(([, tokens]) => tokens.size > 1).map(([presented]) => presented)
  const needless = (fates.pass ?? 0) - rounds - provedAnew
  return [
    ...signOuts.map((told) => `a tab saw itself signed out: ${told}`),
    ...(sessions === 1 ? [] : [`there are ${sessions} sessions, and not one`]),
    ...forked.map((each) => `generation ${each} was rotated more than once`),
    ...(successors.size < rounds ? [`${successors.size} rotations are too few for ${rounds} rounds`] : []),
    ...(generation === lastGeneration ? [] : [`the store is at ${generation}, and the browser at ${lastGeneration}`]),
    ...(refusals === 0 ? [] : [`${refusals} refreshes were refused`]),
    ...(overlaps === 0 ? [] : [`${overlaps} refreshes began while another was under way`]),
    ...(needless <= Math.ceil(rounds * NEEDLESS_SHARE) ? [] : [`${needless} refreshes were for nothing`]),
    ...alarms.map((event) => `the audit log speaks of ${event}`),
  ]
}

/** What came of it, in one line. */
export function describeTabs({ seconds, repeated, record }: TabsOutcome, rounds: number): string {
  const { requests, successors, replays, provedAnew, fates } = record
  const met = Object.entries(fates).map(([fate, count]) => `${fate} ${count}`)
  return `${rounds} rounds in ${seconds.toFixed(1)} s: ${requests} refreshes (${met.join(', ')}), ${successors.size} rotations, ${replays} replays, ${provedAnew} proved anew, ${repeated} calls made again`
}

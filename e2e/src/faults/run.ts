import { Pool } from 'pg'
import { openPostgres } from '@counterfoil/store-postgres'
import { openSqlite } from '@counterfoil/store-sqlite'
import { boundMs } from '@counterfoil/protocol'
import { checkHistory, type Terms, type Verdict } from './checker.ts'
import { Dice } from './dice.ts'
import { issuerOf, LEASE_SECONDS } from './fleet.ts'
import { isUncertain, Recorder, succeeded, type Call } from './history.ts'
import type { Damage, Scenario } from './scenario.ts'
import { startSetting, type Setting } from './setting.ts'
import { User } from './user.ts'
import { Verifiers } from './verifiers.ts'

/** What became of a scenario. */
export interface Outcome extends Verdict {
  readonly scenario: Scenario
  readonly seed: number
  readonly calls: readonly Call[]
  readonly terms: Terms
  /** Requests that were answered with 503, and that nobody answered. */
  readonly couldNotTell: number
  readonly unanswered: number
  /** The longest time in which nobody could sign in or refresh, anywhere. Milliseconds. */
  readonly longestOutageMs: number
  /** Sessions whose client knew of a rotation that the store had lost, and that went on. */
  readonly healed: number
}

const USERS = 10
const VERIFIERS = 2
const BEFORE_MS = 2500
const AFTER_MS = 3500

/** Runs a scenario: people work, something breaks and heals, people go on, and all of it is held to the promises. */
export async function runScenario(scenario: Scenario, seed: number): Promise<Outcome> {
  const setting = await startSetting(scenario.profile, scenario.options)
  const verifiers = new Verifiers(issuerOf(setting.front), VERIFIERS)
  try {
    await verifiers.ready()
    const { calls, users, damage } = await work(scenario, seed, { setting, verifiers })
    const audit = await readAudit(setting)
    const accounts = new Map(users.flatMap(({ name, accountId }) => (accountId ? [[name, accountId]] : [])))
    const { findings = [], ...losses } = damage
    const dead = setting.nodes
      .filter(({ isRunning }) => !isRunning)
      .map(({ output }) => `a node ended by itself: ${output}`)
    const terms = { boundMs: boundMs(LEASE_SECONDS * 1000), ...losses, audit, accounts }
    const verdict = checkHistory(calls, terms)
    const found = [...findings, ...dead].map((says) => ({ clause: 'found', says }))
    const violations = [...found, ...verdict.violations]
    return { scenario, seed, calls, terms, ...verdict, violations, ...measure(calls), healed: healedIn(audit) }
  } finally {
    verifiers.close()
    await setting.close()
  }
}

interface Worked {
  readonly calls: readonly Call[]
  readonly users: readonly User[]
  readonly damage: Damage
}

async function work(
  scenario: Scenario,
  seed: number,
  { setting, verifiers }: { readonly setting: Setting; readonly verifiers: Verifiers },
): Promise<Worked> {
  const recorder = new Recorder()
  const state = { isBusy: true }
  const shared = { urls: setting.nodes.map(({ url }) => url), origin: issuerOf(setting.front), verifiers, recorder }
  const users = Array.from({ length: USERS }, (_, at) => {
    const dice = new Dice(seed * 1000 + at)
    return new User({ ...shared, name: `user-${seed}-${at}`, dice, isBusy: () => state.isBusy })
  })
  const lives = users.map((user) => user.live())
  try {
    await pause(BEFORE_MS)
    const damage = await scenario.strike(setting)
    await pause(AFTER_MS)
    state.isBusy = false
    await Promise.all(lives)
    await Promise.all(users.map((user) => user.prove()))
    return { calls: recorder.calls, users, damage }
  } finally {
    state.isBusy = false
  }
}

function measure(calls: readonly Call[]): Pick<Outcome, 'couldNotTell' | 'unanswered' | 'longestOutageMs'> {
  return {
    couldNotTell: calls.filter(({ answer }) => answer?.status === 503).length,
    unanswered: calls.filter(({ answer }) => answer === undefined).length,
    longestOutageMs: longestOutage(calls),
  }
}

/** The longest time between two successes of what needs the stores, in which somebody tried in vain. */
function longestOutage(calls: readonly Call[]): number {
  const asked = calls.filter(({ kind }) => kind === 'refresh' || kind === 'sign-in')
  const good = asked
    .filter(succeeded)
    .map(({ endedAt }) => endedAt)
    .toSorted((one, other) => one - other)
  const vain = asked.filter(isUncertain)
  // What has not come back by the end counts until then.
  good.push(Math.max(...asked.map(({ endedAt }) => endedAt)))
  let longest = 0
  for (const [at, end] of good.entries()) {
    const begin = good[at - 1] ?? end
    if (end - begin <= longest) continue
    if (vain.some(({ startedAt, endedAt }) => endedAt > begin && startedAt < end)) longest = end - begin
  }
  return longest
}

function healedIn(audit: Terms['audit']): number {
  const healed = audit.filter(({ kind, sessionId }) => kind === 'store.rollback_detected' && sessionId !== undefined)
  return new Set(healed.map(({ sessionId }) => sessionId)).size
}

/** The audit log, read from the store itself. */
async function readAudit({ nodes, wires }: Setting): Promise<Terms['audit']> {
  const [wire] = wires
  if (wire === undefined) {
    const stores = await openSqlite({ path: nodes[0]?.databaseFile ?? '' })
    const events = await stores.database.readAudit(0, 1_000_000)
    await stores.close()
    return events
  }
  const pool = new Pool({ connectionString: `postgres://counterfoil@127.0.0.1:${wire.port}/counterfoil`, max: 2 })
  pool.on('error', () => undefined)
  const stores = await openPostgres({ pool })
  const events = await stores.database.readAudit(0, 1_000_000)
  await stores.close()
  await pool.end()
  return events
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

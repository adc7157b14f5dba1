import { Pool } from 'pg'
import { openPostgres } from '@counterfoil/store-postgres'
import { openSqlite } from '@counterfoil/store-sqlite'
import { boundMs } from '@counterfoil/protocol'
import { checkHistory, type Terms } from './checker.ts'
import { Dice } from './dice.ts'
import { LEASE_SECONDS } from './fleet.ts'
import { Recorder, type Call, type Violation } from './history.ts'
import type { Damage, Scenario } from './scenarios.ts'
import { startSetting, type Setting } from './setting.ts'
import { User } from './user.ts'

/** What became of a scenario. */
export interface Outcome {
  readonly scenario: Scenario
  readonly seed: number
  readonly calls: readonly Call[]
  /** Requests that were answered with 503, and that nobody answered. */
  readonly couldNotTell: number
  readonly unanswered: number
  /** The longest time in which no refresh and no sign-in succeeded, anywhere. Milliseconds. */
  readonly longestOutageMs: number
  readonly lost: number
  readonly healed: number
  readonly violations: readonly Violation[]
}

const USERS = 12
const BEFORE_MS = 2500
const AFTER_MS = 3500

/** Runs a scenario: people work, something breaks and heals, people go on, and all of it is held to the promises. */
export async function runScenario(scenario: Scenario, seed: number): Promise<Outcome> {
  const setting = await startSetting(scenario.profile, scenario.options)
  try {
    const recorder = new Recorder()
    const state = { isBusy: true }
    const urls = setting.nodes.map(({ url }) => url)
    const users = Array.from({ length: USERS }, (_, at) => {
      const dice = new Dice(seed * 1000 + at)
      return new User({ name: `user-${seed}-${at}`, urls, recorder, dice, isBusy: () => state.isBusy })
    })
    const lives = users.map((user) => user.live())
    await pause(BEFORE_MS)
    const damage = await scenario.strike(setting)
    await pause(AFTER_MS)
    state.isBusy = false
    await Promise.all(lives)
    for (const user of users) await user.proveAccount()
    return await judge(scenario, seed, { setting, recorder, users, damage })
  } finally {
    await setting.close()
  }
}

interface Evidence {
  readonly setting: Setting
  readonly recorder: Recorder
  readonly users: readonly User[]
  readonly damage: Damage
}

async function judge(scenario: Scenario, seed: number, evidence: Evidence): Promise<Outcome> {
  const { setting, recorder, users, damage } = evidence
  const { calls } = recorder
  const audit = await readAudit(setting)
  const accounts = new Map<string, string>()
  for (const call of calls) {
    const accountId = users.find(({ name }) => name === call.user)?.accountId
    if (accountId !== undefined) accounts.set(call.user, accountId)
  }
  const terms: Terms = { boundMs: boundMs(LEASE_SECONDS * 1000), ...damage, audit, accounts }
  const { violations, lost } = checkHistory(calls, terms)
  return {
    scenario,
    seed,
    calls,
    couldNotTell: calls.filter(({ answer }) => answer?.status === 503).length,
    unanswered: calls.filter(({ answer }) => answer === undefined).length,
    longestOutageMs: longestOutage(calls),
    lost,
    healed: audit.filter(({ kind, sessionId }) => kind === 'store.rollback_detected' && sessionId !== undefined).length,
    violations,
  }
}

/** The audit log, read from the store itself. */
async function readAudit({ nodes, wires }: Setting): Promise<Terms['audit']> {
  const [wire] = wires
  if (wire === undefined) {
    const path = nodes[0]?.databaseFile ?? ''
    const stores = await openSqlite({ path })
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

function longestOutage(calls: readonly Call[]): number {
  const good = calls
    .filter(
      ({ kind, answer }) => (kind === 'refresh' || kind === 'sign-in') && answer !== undefined && answer.status < 300,
    )
    .map(({ endedAt }) => endedAt)
    .toSorted((one, other) => one - other)
  let longest = 0
  for (const [at, instant] of good.entries()) longest = Math.max(longest, instant - (good[at - 1] ?? instant))
  return longest
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

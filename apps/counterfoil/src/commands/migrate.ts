import { constants } from 'node:os'
import { StoreUnavailable, systemClock } from '@counterfoil/core'
import Table from 'cli-table3'
import type { Configuration } from '../config/configuration.ts'
import { loadConfiguration } from '../config/load.ts'
import { toOneLine } from '../config/quoting.ts'
import { showSessionStore } from '../config/stores.ts'
import { CommandFailure } from '../failure.ts'
import { countData, migrateData, type SectionCounts } from '../migration/migration.ts'
import { createProgress, showCount, type Progress } from '../migration/progress.ts'
import { watchBoards, type BoardWatch } from '../migration/running.ts'
import { SECTION_TITLES } from '../migration/sections.ts'
import { openSides, openSource, type OpenSides } from '../migration/sides.ts'
import { createLog } from '../terminal/log.ts'

interface MigrateOptions {
  readonly from: string
  readonly to: string
  readonly dryRun?: boolean
}

/** Somebody wants it to stop. */
class Interrupted extends Error {
  readonly signal: 'SIGINT' | 'SIGTERM'

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super('interrupted')
    this.signal = signal
  }
}

const NO_RULES = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' }

/** Copies the data of one configuration to where another one keeps its data, so that nobody is signed out. */
export async function migrate(options: MigrateOptions): Promise<void> {
  const [from, to] = [loadConfiguration(options.from), loadConfiguration(options.to)]
  if (options.dryRun === true) return countOnly(from)
  const stopping = new AbortController()
  const stop = (signal: 'SIGINT' | 'SIGTERM'): void => {
    if (stopping.signal.aborted) process.exit(128 + constants.signals[signal])
    stopping.abort(new Interrupted(signal))
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
  try {
    const counts = await run(from, to, stopping)
    process.stdout.write(`${tableOf(counts)}\n${nextSteps(options)}\n`)
  } catch (error) {
    reportStop(error, options)
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

async function run(from: Configuration, to: Configuration, stopping: AbortController): Promise<SectionCounts> {
  const sides = await openSides(from, to, createLog('silent'))
  let watch: BoardWatch | undefined
  try {
    watch = await watchSides(sides, [from, to], stopping)
    const { settled } = watch
    const [source, target] = [sides.source, sides.target].map(({ place, stores }) => ({ place, ...stores }))
    if (source === undefined || target === undefined) throw new TypeError('there are two sides')
    return await migrateData({
      source,
      target,
      scope: sides.scope,
      sessionStore: showSessionStore(to.sessionStore),
      clock: systemClock,
      progress: progressOnTerminal(),
      signal: stopping.signal,
      confirm: () => settled,
    })
  } finally {
    watch?.stop()
    await sides.close()
  }
}

function watchSides(
  { source, target }: OpenSides,
  configurations: readonly Configuration[],
  stopping: AbortController,
): Promise<BoardWatch> {
  const leaseSeconds = Math.max(...configurations.map(({ policy }) => policy.leaseSeconds))
  const boards = [source, target].map(({ place, stores: { nodes } }) => ({
    place,
    nodes,
    silenceMs: leaseSeconds * 1000,
  }))
  return watchBoards(boards, (failure) => stopping.abort(failure))
}

async function countOnly(from: Configuration): Promise<void> {
  const { stores } = await openSource(from, createLog('silent'))
  try {
    const counts = await countData(stores, { database: true, sessions: true }, systemClock.now())
    process.stdout.write(`${tableOf(counts)}\nnothing was written: this is what would be copied\n`)
  } finally {
    await stores.close()
  }
}

function progressOnTerminal(): Progress {
  return createProgress({
    write: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY,
    monotonic: () => performance.now(),
  })
}

function tableOf(counts: SectionCounts): string {
  const table = new Table({
    head: ['what', 'rows'],
    colAligns: ['left', 'right'],
    chars: NO_RULES,
    style: { head: [], border: [] },
  })
  for (const [section, rows] of counts) if (section !== 'log') table.push([SECTION_TITLES[section], showCount(rows)])
  return table.toString()
}

function nextSteps({ from, to }: MigrateOptions): string {
  return [
    'copied, and the same on both sides: nobody is signed out',
    `next: counterfoil serve --config ${to}`,
    `never start a server with ${from} again: what ends from now on is not known there`,
  ].join('\n')
}

function reportStop(error: unknown, { from, to }: MigrateOptions): void {
  const again = `to go on: counterfoil migrate --from ${from} --to ${to}`
  if (error instanceof StoreUnavailable) throw new CommandFailure(`${error.message}; ${again}`)
  if (!(error instanceof Interrupted)) throw error
  process.stderr.write(`\n${toOneLine(`stopped; what was copied is kept; ${again}`)}\n`)
  process.exitCode = 128 + constants.signals[error.signal]
}

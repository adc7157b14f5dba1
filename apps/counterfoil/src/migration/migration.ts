import type { Clock, Database } from '@counterfoil/core'
import { CommandFailure } from '../failure.ts'
import { compareSection, readPages } from './compare.ts'
import { copySection, PAGE_ROWS } from './copy.ts'
import { keepMigrationMark, readMigrationMark, type CopyingPlace, type MigrationMark } from './mark.ts'
import type { Progress } from './progress.ts'
import { pairSections, SECTION_TITLES, type AnyPair, type Archives, type Scope, type SectionName } from './sections.ts'

/** One side of a migration. */
export interface MigrationSide extends Archives {
  readonly database: Database
  /** What people call it. */
  readonly place: string
}

/** What a migration is made of. */
export interface MigrationParts {
  readonly source: MigrationSide
  readonly target: MigrationSide
  readonly scope: Scope
  /** What the target's session store is called; remembered where only sessions move. */
  readonly sessionStore: string
  readonly clock: Clock
  readonly progress: Progress
  /** Stops between two pages, with its reason. */
  readonly signal: AbortSignal
  /** Resolves when it is certain that nobody else has used either side meanwhile; or rejects. */
  readonly confirm: () => Promise<void>
  /** Rows that are copied at once. Default 1,000. */
  readonly pageRows?: number
}

/** Rows of each section. */
export type SectionCounts = ReadonlyMap<SectionName, number>

/** How often the place is remembered while a section is copied, in milliseconds: what comes after it is copied again. */
const REMEMBER_EVERY_MS = 1000

/**
 * Copies everything, compares both sides, and remembers that it is done. When it is stopped, the same call goes on where it was.
 *
 * @throws {CommandFailure} when the target is of no use, or is not the same as the source in the end; it stays incomplete then.
 */
export async function migrateData(parts: MigrationParts): Promise<SectionCounts> {
  const { source, target, scope, clock, progress } = parts
  const pairs = pairSections(source, target, scope, clock.now())
  const mark = await beginOrGoOn(parts, pairs)
  const what = mark.place === undefined ? 'copying' : 'going on with the copy of'
  progress.tell(`${what} ${source.place} to ${target.place}`)
  await copyAll(parts, pairs, mark)
  const counts = await compareAll(parts, pairs)
  await parts.confirm()
  parts.signal.throwIfAborted()
  await keepMigrationMark(target.database, { ...mark, state: 'done', place: undefined, at: clock.now() })
  return counts
}

/** Counts the rows of each section, and writes nothing. */
export async function countData(source: Archives, scope: Scope, now: number): Promise<SectionCounts> {
  const counts = new Map<SectionName, number>()
  for (const pair of pairSections(source, source, scope, now)) {
    counts.set(
      pair.name,
      await pair.apply(async ({ source: section, isUseful }) => {
        let rows = 0
        for await (const page of readPages(section)) rows += page.filter(isUseful).length
        return rows
      }),
    )
  }
  return counts
}

async function beginOrGoOn(
  { source, target, scope, sessionStore, clock }: MigrationParts,
  pairs: readonly AnyPair[],
): Promise<MigrationMark> {
  const incarnation = await readIncarnation(source)
  const mark = await readMigrationMark(target.database)
  const isThis = mark?.source === incarnation && mark.sessionStore === (scope.database ? undefined : sessionStore)
  if (mark !== undefined && isThis && mark.state === 'copying') return mark
  if (mark !== undefined && isThis) throw alreadyDone(target, mark)
  if (mark?.state === 'copying' && scope.database)
    throw new CommandFailure(`${target.place} holds a part of other data: empty it, or choose another place`)
  await requireEmpty(target, pairs)
  const first: MigrationMark = {
    source: incarnation,
    state: 'copying',
    sessionStore: scope.database ? undefined : sessionStore,
    at: clock.now(),
  }
  await keepMigrationMark(target.database, first)
  return first
}

function alreadyDone({ place }: MigrationSide, { at }: MigrationMark): CommandFailure {
  const when = new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')
  return new CommandFailure(
    `this was done at ${when}, and ${place} may have been used since: start the server with the configuration of --to`,
  )
}

async function readIncarnation({ archive }: Archives): Promise<string> {
  const { rows } = await archive.log.read(undefined, 1)
  return rows[0]?.incarnation ?? ''
}

async function requireEmpty({ archive, place }: MigrationSide, pairs: readonly AnyPair[]): Promise<void> {
  for (const pair of pairs) {
    const isEmpty = await pair.apply(async ({ target }) => {
      if (pair.name === 'log')
        return (await archive.log.read(undefined, 1)).rows.every(({ position }) => position === 0)
      for await (const rows of readPages(target, 1)) if (rows.length > 0) return false
      return true
    })
    if (!isEmpty)
      throw new CommandFailure(
        `${place} is not empty (${SECTION_TITLES[pair.name]}): data is copied only to where there is none`,
      )
  }
}

async function copyAll(parts: MigrationParts, pairs: readonly AnyPair[], mark: MigrationMark): Promise<void> {
  const { target, progress, signal, clock, pageRows = PAGE_ROWS } = parts
  const remember = (place: CopyingPlace): Promise<void> => keepMigrationMark(target.database, { ...mark, place })
  const begun = pairs.findIndex(({ name }) => name === mark.place?.section)
  for (const pair of pairs.slice(Math.max(0, begun))) {
    const first = pair.name === mark.place?.section ? mark.place.from : undefined
    let rememberedAt = clock.monotonic()
    progress.begin('copying', pair.name)
    await pair.apply(async (sections) => {
      for await (const { rows, next } of copySection(sections, first, pageRows)) {
        progress.add(rows)
        const isDue = signal.aborted || clock.monotonic() - rememberedAt >= REMEMBER_EVERY_MS
        if (isDue && next !== undefined) {
          await remember({ section: pair.name, from: next })
          rememberedAt = clock.monotonic()
        }
        signal.throwIfAborted()
      }
    })
    progress.end()
  }
}

async function compareAll(
  { progress, signal, pageRows }: MigrationParts,
  pairs: readonly AnyPair[],
): Promise<SectionCounts> {
  const counts = new Map<SectionName, number>()
  for (const pair of pairs) {
    progress.begin('comparing', pair.name)
    const onRows = (rows: number): void => {
      progress.add(rows)
      signal.throwIfAborted()
    }
    const { rows } = await pair.apply((sections) => compareSection(sections, onRows, pageRows))
    counts.set(pair.name, rows)
    progress.end()
  }
  return counts
}

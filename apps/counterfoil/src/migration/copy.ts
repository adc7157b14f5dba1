import type { Page } from '@counterfoil/core'
import { CommandFailure } from '../failure.ts'
import { SECTION_TITLES, type SectionName, type SectionPair } from './sections.ts'

/** Rows that are read and written at once. */
export const PAGE_ROWS = 1000

/** A page that has been copied. */
export interface CopiedPage {
  readonly rows: number
  /** Where the next one begins; undefined at the end. */
  readonly next: string | undefined
}

/** Copies a section from a place on, page by page; each page is durable when it is yielded. @throws {CommandFailure} */
export async function* copySection<Row>(
  { name, source, target, isUseful }: SectionPair<Row>,
  from: string | undefined,
  pageRows = PAGE_ROWS,
): AsyncGenerator<CopiedPage> {
  let page: Page<Row> | undefined = await source.read(from, pageRows)
  while (page !== undefined) {
    const { rows, next }: Page<Row> = page
    const useful = rows.filter(isUseful)
    // The next page is read while this one is written.
    const [outcome, following]: [Awaited<ReturnType<typeof target.write>>, Page<Row> | undefined] = await Promise.all([
      target.write(useful),
      next === undefined ? undefined : source.read(next, pageRows),
    ])
    if (outcome !== 'written') throw differs(name, outcome.differs)
    yield { rows: useful.length, next }
    page = following
  }
}

/** Says which row is not what it should be. What it holds is told to nobody. */
export function differs(name: SectionName, key: string): CommandFailure {
  return new CommandFailure(
    `${SECTION_TITLES[name]}: ${key} is not the same on both sides. If a server has run in between, empty the data of --to and begin again`,
  )
}

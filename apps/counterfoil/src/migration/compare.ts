import { canonicalRow, type Page, type Section } from '@counterfoil/core'
import { differs, PAGE_ROWS } from './copy.ts'
import type { SectionPair } from './sections.ts'

/** What a section came to when both sides were compared. */
export interface Compared {
  readonly rows: number
}

/**
 * Reads a section on both sides, and looks each row up on the other side. `onRows` hears how many more were looked at on the side of the
 * source.
 *
 * @throws {CommandFailure} naming the first row that is not the same.
 */
export async function compareSection<Row>(
  pair: SectionPair<Row>,
  onRows: (rows: number) => void,
  pageRows = PAGE_ROWS,
): Promise<Compared> {
  const { name, source, target, keyOf, isUseful } = pair
  let rows = 0
  for await (const page of readPages(source, pageRows)) {
    const useful = page.filter(isUseful)
    const key = await findDifference(useful, target, keyOf)
    if (key !== undefined) throw differs(name, key)
    rows += useful.length
    onRows(useful.length)
  }
  for await (const page of readPages(target, pageRows)) {
    const key = await findDifference(page.filter(isUseful), source, keyOf)
    if (key !== undefined) throw differs(name, key)
  }
  return { rows }
}

/** All pages of a section. */
export async function* readPages<Row>(section: Section<Row>, pageRows = PAGE_ROWS): AsyncGenerator<readonly Row[]> {
  let from: string | undefined
  do {
    const page: Page<Row> = await section.read(from, pageRows)
    yield page.rows
    from = page.next
  } while (from !== undefined)
}

/** The key of the first row that the other side has not, or has otherwise. */
async function findDifference<Row>(
  rows: readonly Row[],
  other: Section<Row>,
  keyOf: (row: Row) => string,
): Promise<string | undefined> {
  if (rows.length === 0) return undefined
  const found = await other.find(rows.map(keyOf))
  const texts = new Map(found.map((row) => [keyOf(row), canonicalRow(row)]))
  const odd = rows.find((row) => texts.get(keyOf(row)) !== canonicalRow(row))
  return odd === undefined ? undefined : keyOf(odd)
}

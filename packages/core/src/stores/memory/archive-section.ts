import { canonicalRow, type Section } from '../archive.ts'

/** What a section in memory is made of. */
export interface RowsInMemory<Row> {
  readonly keyOf: (row: Row) => string
  /** All rows, in their order. */
  list(): readonly Row[]
  get(key: string): Row | undefined
  /** Whether a row whose key is free can be added, after `added` others. */
  accepts?(row: Row, added: number): boolean
  add(row: Row): void
}

/** A section over rows in memory; a page ends at the key of its last row. */
export function createMemorySection<Row>(held: RowsInMemory<Row>): Section<Row> {
  return {
    async read(from, limit) {
      const rows = held.list()
      const first = from === undefined ? 0 : rows.findIndex((row) => held.keyOf(row) === from) + 1
      const page = rows.slice(first, first + limit)
      const last = page.at(-1)
      const isLast = last === undefined || first + page.length >= rows.length
      return { rows: structuredClone(page), next: isLast ? undefined : held.keyOf(last) }
    },
    find: async (keys) => structuredClone(keys.flatMap((key) => held.get(key) ?? [])),
    async write(rows) {
      const added = new Map<string, Row>()
      for (const row of rows) {
        const key = held.keyOf(row)
        const there = held.get(key) ?? added.get(key)
        const isSame = there !== undefined && canonicalRow(there) === canonicalRow(row)
        if (there === undefined && held.accepts?.(row, added.size) !== false) added.set(key, structuredClone(row))
        else if (!isSame) return { differs: key }
      }
      added.forEach((row) => held.add(row))
      return 'written'
    },
  }
}

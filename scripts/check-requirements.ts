/*
 * Keeps the promise that docs/security/requirements.md is true: a row that is met by a test has a test with the row's name in its title, and a
 * row that is met by a document or by code names one that exists. A row says one of: met, planned, n/a.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isTest, readIfThere, readSources } from './source-files.ts'

interface Row {
  readonly name: string
  readonly state: string
  readonly where: string
}

/** The rows of the page: tables of five columns. */
export function readRows(page: string): Row[] {
  return page.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim())
    const [, name = '', , , state = '', where = ''] = cells
    return cells.length === 7 && name !== 'row' && !name.startsWith('---') ? { name, state, where } : []
  })
}

/** What is not true of the rows, a line each. `tests` is the text of all tests, `exists` tells whether a path is there. */
export function findUnmet(rows: readonly Row[], tests: string, exists: (path: string) => boolean): string[] {
  if (rows.length === 0) return ['the page has no rows']
  return rows.flatMap(({ name, state, where }) => {
    if (state === 'planned') return []
    if (state === 'n/a') return where === '' ? [`${name}: says n/a, and not why`] : []
    if (state !== 'met') return [`${name}: "${state}" is none of met, planned, n/a`]
    if (where === 'test') return isNamed(name, tests) ? [] : [`${name}: no test carries its name`]
    const paths = [...where.matchAll(/`([^`]+\/[^`]+|[A-Z]+\.md)`/g)].map(([, path = '']) => path)
    if (paths.length === 0) return [`${name}: says met, and not where`]
    return paths.filter((path) => !exists(path)).map((path) => `${name}: there is no ${path}`)
  })
}

function isNamed(name: string, tests: string): boolean {
  return new RegExp(`(?<![\\w.])${name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}(?![\\w.]*\\d)`).test(tests)
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  const rows = readRows(readIfThere(join(root, 'docs/security/requirements.md')) ?? '')
  const sources = readSources(root).filter(({ path }) => isTest(path) || path.includes('/conformance/'))
  const faults = findUnmet(rows, sources.map(({ text }) => text).join('\n'), (path) => existsSync(join(root, path)))
  for (const fault of faults) console.error(fault)
  const met = rows.filter(({ state }) => state === 'met').length
  console.log(`requirements: ${rows.length} rows, ${met} met, ${faults.length} untrue`)
  process.exitCode = faults.length === 0 ? 0 : 1
}

/*
 * Keeps the promise that docs/security/requirements.md is true: a row that is met by a test has a test whose title carries the row's name, and
 * a row that is met by a document or by code names one that exists. With --update, planned rows that have a test by now become met.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isTest, parseSource, readSources, type SourceFile } from './source-files.ts'

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

/** What is not true of the rows, a line each. `exists` tells whether a path is there. */
export function findUnmet(
  rows: readonly Row[],
  titles: readonly string[],
  exists: (path: string) => boolean,
): string[] {
  if (rows.length === 0) return ['the page has no rows']
  const names = rows.map(({ name }) => name)
  const twice = names.filter((name, at) => names.indexOf(name) !== at)
  return [
    ...twice.map((name) => `${name}: two rows of one name cannot be told apart`),
    ...rows.flatMap((row) => judgeRow(row, titles, exists)),
  ]
}

function judgeRow({ name, state, where }: Row, titles: readonly string[], exists: (path: string) => boolean): string[] {
  if (state === 'planned') return []
  if (state === 'n/a') return where === '' ? [`${name}: says n/a, and not why`] : []
  if (state !== 'met') return [`${name}: "${state}" is none of met, planned, n/a`]
  const [, held = name] = /^test(?: (.+))?$/.exec(where) ?? []
  if (where.startsWith('test')) return isNamed(held, titles) ? [] : [`${name}: no test carries the name ${held}`]
  const paths = [...where.matchAll(/`([^`]+\/[^`]+|[A-Z]+\.md)`/g)].map(([, path = '']) => path)
  if (paths.length === 0) return [`${name}: says met, and not where`]
  return paths.filter((path) => !exists(path)).map((path) => `${name}: there is no ${path}`)
}

function isNamed(name: string, titles: readonly string[]): boolean {
  const escaped = name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  const carried = new RegExp(`(?<![\\w.])${escaped}(?![\\w.]*\\d)`)
  return titles.some((title) => carried.test(title))
}

/** The page with `met` and `test` in each planned row that has a test. */
export function markMet(page: string, titles: readonly string[]): string {
  const mark = (line: string): string => {
    const [row] = readRows(line)
    if (row?.state !== 'planned' || !isNamed(row.name, titles)) return line
    const cells = line.split('|')
    return [...cells.slice(0, 4), ' met ', ' test ', ''].join('|')
  }
  return page.split('\n').map(mark).join('\n')
}

/** The texts in a file of tests that can be titles: strings outside of comments and of tests that are skipped. */
export function readTitles(source: SourceFile): string[] {
  const titles: string[] = []
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    if ('callee' in node && isSkipped(node.callee, source)) return
    const text: unknown = Reflect.get(node, 'value')
    if (typeof text === 'string') titles.push(text)
    if (typeof text === 'object' && text !== null && 'cooked' in text) titles.push(String(text.cooked))
    Object.values(node).forEach(visit)
  }
  visit(parseSource(source).program)
  return titles
}

function isSkipped(callee: unknown, { text }: SourceFile): boolean {
  if (typeof callee !== 'object' || callee === null || !('start' in callee) || !('end' in callee)) return false
  return /\.(skip|todo)\b/.test(text.slice(Number(callee.start), Number(callee.end)).split('(')[0] ?? '')
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  const path = join(root, 'docs/security/requirements.md')
  const titles = readSources(root)
    .filter((source) => isTest(source.path) || source.path.includes('/conformance/'))
    .filter((source) => !source.path.startsWith('scripts/'))
    .flatMap(readTitles)
  if (process.argv.includes('--update')) writeFileSync(path, markMet(readFileSync(path, 'utf8'), titles))
  const rows = readRows(readFileSync(path, 'utf8'))
  const faults = findUnmet(rows, titles, (each) => existsSync(join(root, each)))
  for (const fault of faults) console.error(fault)
  const met = rows.filter(({ state }) => state === 'met').length
  console.log(`requirements: ${rows.length} rows, ${met} met, ${faults.length} untrue`)
  process.exitCode = faults.length === 0 ? 0 : 1
}

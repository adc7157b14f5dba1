/*
 * Keeps the promise that code stays small enough to read: length of functions (per package: half at most 8 lines, nine tenths at most 30, none
 * over 60), length of files (none over 400 lines; per package half at most 120), and a README of at most 150 lines. What is larger for a
 * reason stands in size-allowances.json with that reason in one line; an allowance that is not needed any more is an error. Tests,
 * fixtures and conformance suites are held to the length of files alone: their `describe` is no function. It also tells how many
 * lines of comment there are for one of code, which is for people to judge.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isTest, listFiles, parseSource, readIfThere, readSources, type SourceFile } from './source-files.ts'

const FUNCTION_LINES = { half: 8, most: 30, max: 60 }
const FILE_LINES = { half: 120, max: 400 }
const README_LINES = 150

/** Reasons by what they excuse: a file, `file#function`, or a figure of a package such as `packages/core: half of the functions`. */
export type Allowances = Readonly<Record<string, string>>

/** A length, where it was found, and what it may be. */
interface Length {
  readonly place: string
  readonly lines: number
  readonly limit: number
}

/** One package: the lengths of its functions and files without tests, and how much of it is comment. */
interface PackageFigures {
  readonly name: string
  readonly functions: readonly number[]
  readonly files: readonly number[]
  readonly commentLines: number
}

/** What is larger than the budgets allow, a line each; and allowances without use. */
export function findOversize(root: string, allowances: Allowances): string[] {
  const sources = readSources(root)
  const over = [
    ...sources.map(({ path, text }) => ({ place: path, lines: linesIn(text), limit: FILE_LINES.max })),
    ...measureReadmes(root),
    ...sources.filter(({ path }) => !isTest(path)).flatMap(measureFunctions),
    ...measurePackages(sources).flatMap(spreadOf),
  ].filter(({ lines, limit }) => lines > limit)
  const places = new Set(over.map(({ place }) => place))
  return [
    ...over
      .filter(({ place }) => allowances[place] === undefined)
      .map(({ place, lines, limit }) => `${place}: ${lines} lines, at most ${limit} are allowed`),
    ...Object.keys(allowances)
      .filter((place) => !places.has(place))
      .map((place) => `${place}: the allowance is not needed any more`),
  ]
}

function measureReadmes(root: string): Length[] {
  return listFiles(root)
    .filter((path) => /^README(\.\w+)?\.md$/.test(path))
    .map((path) => ({ place: path, lines: linesIn(readIfThere(join(root, path)) ?? ''), limit: README_LINES }))
}

/** The package a place belongs to: the first folders of its path. */
function packageOf(place: string): string {
  const folders = place.split('/').slice(0, -1)
  const depth = place.startsWith('packages/stores/') ? 3 : 2
  return folders.slice(0, /^(packages|apps|examples)\//.test(place) ? depth : 1).join('/') || 'the root'
}

/** The figures of each package, tests aside. */
export function measurePackages(sources: readonly SourceFile[]): PackageFigures[] {
  const byPackage = Map.groupBy(
    sources.filter(({ path }) => !isTest(path)),
    ({ path }) => packageOf(path),
  )
  return [...byPackage].map(([name, files]) => ({
    name,
    functions: files.flatMap(measureFunctions).map(({ lines }) => lines),
    files: files.map(({ text }) => linesIn(text)),
    commentLines: sum(files.map(countCommentLines)),
  }))
}

function spreadOf({ name, functions, files }: PackageFigures): Length[] {
  return [
    { place: `${name}: half of the functions`, lines: quantile(functions, 0.5), limit: FUNCTION_LINES.half },
    { place: `${name}: nine tenths of the functions`, lines: quantile(functions, 0.9), limit: FUNCTION_LINES.most },
    { place: `${name}: half of the files`, lines: quantile(files, 0.5), limit: FILE_LINES.half },
  ]
}

function describeFigures({ name, functions, files, commentLines }: PackageFigures): string {
  const [half, most, max] = [0.5, 0.9, 1].map((share) => quantile(functions, share))
  const ratio = (commentLines / Math.max(1, sum(files) - commentLines)).toFixed(2)
  return `${name}: functions ${half} / ${most} / ${max}, files ${quantile(files, 0.5)} / ${quantile(files, 1)}, comment per code ${ratio}`
}

function countCommentLines(source: SourceFile): number {
  return sum(parseSource(source).comments.map(({ value }) => value.split('\n').length))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** The smallest value that this share of the values does not exceed. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
}

function linesIn(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

/** All functions of a file. One-line arrows count too: they are what small code is made of. */
function measureFunctions(source: SourceFile): Length[] {
  const found: Length[] = []
  const lineAt = (offset: number): number => source.text.slice(0, offset).split('\n').length
  const visit = (node: unknown, name: string): void => {
    if (typeof node !== 'object' || node === null) return
    if (Array.isArray(node)) {
      for (const each of node) visit(each, name)
      return
    }
    const named = nameOf(node) ?? name
    if ('type' in node && FUNCTIONS.has(String(node.type)) && 'start' in node && 'end' in node) {
      const lines = lineAt(Number(node.end)) - lineAt(Number(node.start)) + 1
      found.push({ place: `${source.path}#${named}`, lines, limit: FUNCTION_LINES.max })
    }
    for (const each of Object.values(node)) visit(each, named)
  }
  visit(parseSource(source).program, 'module')
  return found
}

/** The name that a declaration, method, property or variable gives to the function in it. */
function nameOf(node: object): string | undefined {
  for (const member of ['id', 'key']) {
    const named: unknown = Reflect.get(node, member)
    if (typeof named === 'object' && named !== null && 'name' in named) return String(named.name)
  }
  return undefined
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  const allowances = JSON.parse(readFileSync(join(root, 'scripts/size-allowances.json'), 'utf8')) as Allowances
  const found = findOversize(root, allowances)
  for (const figures of measurePackages(readSources(root))) console.log(describeFigures(figures))
  for (const each of found) console.error(each)
  console.log(`size: ${found.length} over budget, ${Object.keys(allowances).length} allowed for a reason`)
  process.exitCode = found.length === 0 ? 0 : 1
}

/*
 * Keeps the promise that code stays small enough to read: length of functions (per package: half at most 8 lines, nine tenths at most 30, none
 * over 60), length of files (none over 400 lines; per package half at most 120), and a README of at most 150 lines. What is larger for a
 * reason stands in size-allowances.json with that reason in one line; an allowance that is not needed any more is an error. Tests,
 * fixtures and conformance suites are held to the length of files alone: their `describe` is no function.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isTest, listFiles, parseSource, readSources, type SourceFile } from './source-files.ts'

const FUNCTION_LINES = { half: 8, most: 30, max: 60 }
const FILE_LINES = { half: 120, max: 400 }
const README_LINES = 150

/** Reasons by what they excuse: a file, or `file#function`. */
export type Allowances = Readonly<Record<string, string>>

/** One function: where it is and how many lines it has. */
interface Measured {
  readonly place: string
  readonly lines: number
}

/** What is larger than the budgets allow, a line each; and allowances without use. */
export function findOversize(root: string, allowances: Allowances): string[] {
  const sources = readSources(root)
  const used = new Set<string>()
  const excused = ({ place }: Measured): boolean => Object.hasOwn(allowances, place) && used.add(place).size > 0
  const files = sources.map(({ path, text }) => ({ place: path, lines: linesIn(text) }))
  const readmes = listFiles(root)
    .filter((path) => /^README(\.\w+)?\.md$/.test(path))
    .map((path) => ({ place: path, lines: linesIn(readFileSync(join(root, path), 'utf8')) }))
  const functions = sources.filter(({ path }) => !isTest(path)).map(measureFunctions)
  const over = (kind: string, limit: number, all: readonly Measured[]): string[] =>
    all
      .filter((one) => one.lines > limit && !excused(one))
      .map(({ place, lines }) => `${place}: ${lines} lines; a ${kind} has at most ${limit}`)
  return [
    ...over('file', FILE_LINES.max, files),
    ...over('README', README_LINES, readmes),
    ...over('function', FUNCTION_LINES.max, functions.flat()),
    ...judgeSpread(sources, functions.flat()),
    ...Object.keys(allowances)
      .filter((place) => !used.has(place))
      .map((place) => `${place}: the allowance is not needed any more`),
  ]
}

/** The package a place belongs to: the first folders of its path. */
function packageOf(place: string): string {
  const [top = '', second = ''] = place.split('/')
  return second.includes('.')
    ? top
    : place.startsWith('packages/stores/')
      ? place.split('/').slice(0, 3).join('/')
      : `${top}/${second}`
}

function judgeSpread(sources: readonly SourceFile[], functions: readonly Measured[]): string[] {
  const files = sources
    .filter(({ path }) => !isTest(path))
    .map(({ path, text }) => ({ place: path, lines: linesIn(text) }))
  return [...new Set(files.map(({ place }) => packageOf(place)))].flatMap((name) => {
    const within = (all: readonly Measured[]): number[] =>
      all.filter(({ place }) => packageOf(place) === name).map(({ lines }) => lines)
    const [half, most] = [quantile(within(functions), 0.5), quantile(within(functions), 0.9)]
    const file = quantile(within(files), 0.5)
    return [
      ...(half > FUNCTION_LINES.half
        ? [`${name}: half of its functions have up to ${half} lines, not ${FUNCTION_LINES.half}`]
        : []),
      ...(most > FUNCTION_LINES.most
        ? [`${name}: nine tenths of its functions have up to ${most} lines, not ${FUNCTION_LINES.most}`]
        : []),
      ...(file > FILE_LINES.half
        ? [`${name}: half of its files have up to ${file} lines, not ${FILE_LINES.half}`]
        : []),
    ]
  })
}

/** The smallest value that this share of the values does not exceed. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
}

function linesIn(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

/** All functions of a file. One-line arrows count too: they are what small code is made of. */
function measureFunctions(source: SourceFile): Measured[] {
  const found: Measured[] = []
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
      found.push({ place: `${source.path}#${named}`, lines })
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
  for (const each of found) console.error(each)
  console.log(`size: ${found.length} over budget, ${Object.keys(allowances).length} allowed for a reason`)
  process.exitCode = found.length === 0 ? 0 : 1
}

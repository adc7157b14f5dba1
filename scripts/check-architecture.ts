/*
 * Keeps the promise that the tree is the architecture. Compares what every file really imports (static, dynamic and type-only) with the
 * table of ARCHITECTURE.md, which stands here as data: who may import whom, that nobody reaches into another package past its
 * exports, that drivers stay where they are connected, that what is imported is declared, and that there are no cycles. npm hoists workspaces,
 * so the compiler alone lets a wrong import through.
 */
import { builtinModules } from 'node:module'
import { join, posix } from 'node:path'
import { isTest, parseSource, readIfThere, readSources, type SourceFile } from './source-files.ts'

/** The packages by folder, and the packages of ours that each may import. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'packages/protocol': [],
  'packages/core': ['protocol'],
  'packages/stores': ['protocol', 'core', 'core/conformance'],
  'packages/verifier': ['protocol'],
  'packages/client': ['protocol'],
  'packages/server': ['protocol', 'core', 'verifier'],
  'packages/gateway': ['protocol', 'verifier'],
  'apps/counterfoil': ['protocol', 'core', 'store-sqlite', 'verifier', 'server'],
  'apps/console': ['protocol', 'client'],
  examples: ['verifier', 'client'],
  bench: ['protocol', 'core', 'store-sqlite', 'verifier', 'server'],
  simulation: ['protocol', 'core', 'verifier'],
  e2e: ['protocol', 'core', 'store-sqlite', 'verifier', 'server'],
  scripts: ['protocol', 'core'],
}

/** Where a driver may be imported: it is connected there, or it is the store's own. */
const DRIVERS: Readonly<Record<string, readonly string[]>> = {
  'node:sqlite': ['packages/stores/sqlite', 'apps/counterfoil', 'bench', 'e2e'],
  pg: ['apps/counterfoil', 'bench', 'e2e'],
  '@redis/client': ['apps/counterfoil', 'bench', 'e2e'],
}

const FORBIDDEN_NAMES = new Set(['utils', 'util', 'helpers', 'helper', 'common', 'types', 'misc', 'shared'])

interface Import {
  readonly from: string
  readonly to: string
}

/** What a tree does that its architecture does not allow, a line each. */
export function findViolations(root: string): string[] {
  const sources = readSources(root)
  const imports = sources.flatMap(importsOf)
  return [
    ...sources.flatMap(({ path }) => judgeName(path)),
    ...imports.flatMap((each) => [...judgeRelative(each), ...judgeOurs(each), ...judgeForeign(each, root)]),
    ...findCycles(imports),
  ]
}

/** The imports of one file, as they are written. */
function importsOf(source: SourceFile): Import[] {
  const { module, program } = parseSource(source)
  const text = (start: number, end: number): string => source.text.slice(start, end).replace(/^['"`]|['"`]$/g, '')
  const written = [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) => entries.flatMap((entry) => entry.moduleRequest?.value ?? [])),
    ...module.dynamicImports.map(({ moduleRequest }) => text(moduleRequest.start, moduleRequest.end)),
    ...importTypes(program),
  ]
  return [...new Set(written)].map((to) => ({ from: source.path, to }))
}

/** `import('x').T` in types, which the list of imports does not hold. */
function importTypes(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return []
  if ('type' in node && node.type === 'TSImportType' && 'source' in node) {
    const { source } = node
    if (typeof source === 'object' && source !== null && 'value' in source) return [String(source.value)]
  }
  return Object.values(node).flatMap(importTypes)
}

function judgeName(path: string): string[] {
  const names = path.split('/').map((name) => name.replace(/\..*$/, ''))
  const bad = names.find((name) => FORBIDDEN_NAMES.has(name))
  return bad === undefined ? [] : [`${path}: "${bad}" says nothing about what is inside`]
}

/** The folder of the package that a file belongs to, and its row in the table. */
function packageOf(path: string): { readonly folder: string; readonly row: string } | undefined {
  const row = Object.keys(MAY_IMPORT).find((folder) => path.startsWith(`${folder}/`))
  if (row === undefined) return undefined
  const depth = row === 'packages/stores' || row === 'examples' ? 1 : 0
  const folder = path
    .split('/')
    .slice(0, row.split('/').length + depth)
    .join('/')
  return { folder, row }
}

function judgeRelative({ from, to }: Import): string[] {
  if (!to.startsWith('.')) return []
  const target = posix.join(posix.dirname(from), to)
  const home = packageOf(from)
  if (home === undefined || target.startsWith(`${home.folder}/`)) return []
  return [`${from}: ${to} leaves its package; import the package by name`]
}

function judgeOurs({ from, to }: Import): string[] {
  const ours = /^@counterfoil\/(.+)$/.exec(to)?.[1] ?? (to === 'counterfoil' ? to : undefined)
  const home = packageOf(from)
  if (ours === undefined || home === undefined) return []
  if ((MAY_IMPORT[home.row] ?? []).includes(ours)) return []
  // Conformance suites are tests: whoever may import a contract's package in its tests may run them.
  if (isTest(from) && ours === 'core/conformance') return []
  return [`${from}: ${home.row} may not import ${to}`]
}

/** The name under which a bare import is installed. */
function installedName(to: string): string {
  return to
    .split('/')
    .slice(0, to.startsWith('@') ? 2 : 1)
    .join('/')
}

function judgeForeign({ from, to }: Import, root: string): string[] {
  const home = packageOf(from)
  if (to.startsWith('.') || home === undefined) return []
  const found: string[] = []
  const places: readonly string[] | undefined = DRIVERS[to] ?? DRIVERS[installedName(to)]
  const elsewhere = places !== undefined && !places.some((place) => from.startsWith(`${place}/`))
  if (elsewhere && !isTestOfStore(from)) found.push(`${from}: the driver ${to} is connected in apps/counterfoil alone`)
  if (to.startsWith('node:') || builtinModules.includes(to)) {
    if (home.row === 'packages/protocol' && !isTest(from)) found.push(`${from}: protocol runs anywhere; ${to} does not`)
    return found
  }
  if (!isDeclared(installedName(to), home.folder, isTest(from) || home.row === 'scripts', root))
    found.push(`${from}: ${to} is not in ${home.folder}/package.json`)
  return found
}

function isTestOfStore(path: string): boolean {
  return path.startsWith('packages/stores/') && isTest(path)
}

function isDeclared(name: string, folder: string, mayUseRoot: boolean, root: string): boolean {
  const manifests = [join(root, folder, 'package.json'), ...(mayUseRoot ? [join(root, 'package.json')] : [])]
  return manifests.some((path) => {
    const manifest: unknown = JSON.parse(readIfThere(path) ?? '{}')
    return declares(manifest, 'name', name) || dependencySets(manifest).some((set) => Object.hasOwn(set, name))
  })
}

function declares(manifest: unknown, member: string, value: string): boolean {
  return typeof manifest === 'object' && manifest !== null && Reflect.get(manifest, member) === value
}

function dependencySets(manifest: unknown): object[] {
  if (typeof manifest !== 'object' || manifest === null) return []
  const sets = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'].map((member): unknown =>
    Reflect.get(manifest, member),
  )
  return sets.filter((set): set is object => typeof set === 'object' && set !== null)
}

/** Cycles between files, each told once. */
function findCycles(imports: readonly Import[]): string[] {
  const edges = new Map<string, string[]>()
  for (const { from, to } of imports) {
    if (!to.startsWith('.')) continue
    const target = posix.join(posix.dirname(from), to)
    edges.set(from, [...(edges.get(from) ?? []), target])
  }
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file)
    if (at >= 0) cycles.push(`cycle: ${[...path.slice(at), file].join(' → ')}`)
    if (at >= 0 || done.has(file)) return
    for (const next of edges.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of edges.keys()) visit(file, [])
  return cycles
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  const violations = findViolations(root)
  for (const violation of violations) console.error(violation)
  console.log(`architecture: ${readSources(root).length} files, ${violations.length} violations`)
  process.exitCode = violations.length === 0 ? 0 : 1
}

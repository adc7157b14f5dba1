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
  'packages/gateway': ['protocol', 'verifier', 'verifier/answers'],
  'apps/counterfoil': [
    'protocol',
    'core',
    'store-sqlite',
    'store-postgres',
    'store-redis',
    'verifier',
    'server',
    'gateway',
  ],
  'apps/console': ['protocol', 'client'],
  testbed: [],
  'examples/cluster': ['testbed'],
  'examples/edge': ['testbed', 'verifier', 'verifier/node'],
  'examples/web': ['testbed', 'client', 'verifier', 'verifier/node', 'verifier/ws'],
  examples: ['verifier', 'verifier/fastify', 'client'],
  bench: [
    'protocol',
    'core',
    'store-sqlite',
    'store-postgres',
    'store-redis',
    'verifier',
    'verifier/fastify',
    'verifier/node',
    'server',
    'testbed',
  ],
  simulation: ['protocol', 'core', 'verifier', 'verifier/feed'],
  e2e: [
    'protocol',
    'core',
    'store-sqlite',
    'store-postgres',
    'verifier',
    'verifier/node',
    'client',
    'client/react',
    'client/store',
    'client/vue',
    'server',
    'testbed',
  ],
  runtimes: ['protocol', 'verifier', 'verifier/feed'],
  scripts: ['protocol', 'core'],
}

/** Where drivers are connected, beside the tests of the store that they serve. */
const CONNECTING = ['apps/counterfoil', 'bench', 'e2e', 'testbed']

/** The drivers, and the store whose own each is. `node:sqlite` has no client to hand over: its store opens the file itself. */
const DRIVERS: Readonly<Record<string, string>> = {
  'node:sqlite': 'packages/stores/sqlite',
  'better-sqlite3': 'packages/stores/sqlite',
  pg: 'packages/stores/postgres',
  postgres: 'packages/stores/postgres',
  '@redis/client': 'packages/stores/redis',
  redis: 'packages/stores/redis',
  ioredis: 'packages/stores/redis',
}

const FORBIDDEN_NAMES = new Set(['utils', 'util', 'helpers', 'helper', 'common', 'types', 'misc', 'shared'])

interface Import {
  readonly from: string
  readonly to: string
}

/** Where a file belongs: the folder of its package, and the row of the table that speaks of it. */
interface Home {
  readonly folder: string
  readonly row: string
}

/** What a tree does that its architecture does not allow, a line each. */
export function findViolations(root: string): string[] {
  const sources = readSources(root)
  const imports = sources.flatMap(importsOf)
  return [
    ...sources.flatMap(({ path }) => [...judgeName(path), ...judgeHome(path)]),
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

/** What no row covers would be judged by nobody. Files at the root are settings of tools. */
function judgeHome(path: string): string[] {
  return path.includes('/') && packageOf(path) === undefined ? [`${path}: no row of the table covers its folder`] : []
}

/** The folder of the package that a file belongs to, and its row in the table. */
function packageOf(path: string): Home | undefined {
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
  const ours = /^@counterfoil\/(.+)$/.exec(to)?.[1] ?? (installedName(to) === 'counterfoil' ? to : undefined)
  const home = packageOf(from)
  if (ours === undefined || home === undefined) return []
  if ((MAY_IMPORT[home.row] ?? []).includes(ours)) return []
  // Conformance suites are tests: whoever may import a contract's package in its tests may run them.
  if (isTest(from) && ours === 'core/conformance') return []
  // Real servers to test against, which no package needs but for its tests.
  if (isTest(from) && ours === 'testbed') return []
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
  const name = installedName(to)
  if (home.row === 'packages/protocol' && !isTest(from) && !name.startsWith('@counterfoil/'))
    return [`${from}: protocol runs anywhere and depends on nothing, ${to} included`]
  return [
    ...(isConnectedHere(DRIVERS[to] ?? DRIVERS[name], from) ? [] : [`${from}: may not import the driver ${to}`]),
    ...(to.startsWith('node:') || builtinModules.includes(to) || isDeclared(name, home, from, root)
      ? []
      : [`${from}: ${to} is not in ${home.folder}/package.json`]),
  ]
}

/** Whether a driver of this store may be imported; what is no driver may. */
function isConnectedHere(store: string | undefined, from: string): boolean {
  if (store === undefined || CONNECTING.some((place) => from.startsWith(`${place}/`))) return true
  return from.startsWith(`${store}/`) && (store === 'packages/stores/sqlite' || isTest(from))
}

/** Tests and scripts may use what the root installs for all, and tests what their package needs for development. */
function isDeclared(name: string, home: Home, from: string, root: string): boolean {
  const manifest = (folder: string): unknown => JSON.parse(readIfThere(join(root, folder, 'package.json')) ?? '{}')
  const own = manifest(home.folder)
  if (declares(own, 'name', name) || listsIn(own, RUNTIME).includes(name)) return true
  if (!isTest(from) && home.row !== 'scripts') return false
  return [own, manifest('.')].some((each) => listsIn(each, [...RUNTIME, 'devDependencies']).includes(name))
}

function declares(manifest: unknown, member: string, value: string): boolean {
  return typeof manifest === 'object' && manifest !== null && Reflect.get(manifest, member) === value
}

const RUNTIME = ['dependencies', 'peerDependencies', 'optionalDependencies']

/** The names of packages in these members of a manifest. */
function listsIn(manifest: unknown, members: readonly string[]): string[] {
  if (typeof manifest !== 'object' || manifest === null) return []
  return members.flatMap((member) => Object.keys(Object(Reflect.get(manifest, member))))
}

/** Cycles between files, each told once. */
function findCycles(imports: readonly Import[]): string[] {
  const edges = new Map<string, string[]>()
  for (const { from, to } of imports) {
    if (!to.startsWith('.')) continue
    const target = posix.join(posix.dirname(from), to).replace(/\.js(x?)$/, '.ts$1')
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

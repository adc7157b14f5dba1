import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type BuildOptions, type Plugin } from 'esbuild'

const HERE = import.meta.dirname
const ROOT = dirname(HERE)
const PACKAGES = ['packages/protocol', 'packages/verifier']
const VECTORS = 'wycheproof-jws-third.json'
const VECTORS_FILE = resolve(ROOT, '../shared/vectors', VECTORS)

/** Adapters are for servers of Node, and bring frameworks along; they have tests of their own. */
const NOT_CORE = /\/adapters\//

/** The tests of protocol and verifier, by their paths from the root. */
export function listTests(): readonly string[] {
  const found = PACKAGES.flatMap((folder) => globSync(`${folder}/src/**/*.test.ts`, { cwd: ROOT }))
  const tests = found.filter((path) => !NOT_CORE.test(path)).toSorted()
  if (tests.length === 0) throw new Error('there are no tests')
  return tests
}

/** What a test imports of its own package is what was built, so that this is what is tested. */
const testBuiltCode: Plugin = {
  name: 'test built code',
  setup(bundle) {
    bundle.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, importer }) => {
      const home = PACKAGES.map((folder) => join(ROOT, folder)).find((folder) => importer.startsWith(`${folder}/src/`))
      if (home === undefined) return undefined
      const source = resolve(dirname(importer), path)
      const built = join(home, 'dist', relative(join(home, 'src'), source)).replace(/\.ts$/, '.js')
      if (!existsSync(built)) throw new Error(`there is no ${relative(ROOT, built)}: run npm run build first`)
      return { path: built }
    })
  },
}

/** Runtimes need not reach files: the vectors are read now, and are in the bundle. */
const bringVectors: Plugin = {
  name: 'bring vectors',
  setup(bundle) {
    bundle.onResolve({ filter: /^node:fs$/ }, ({ importer }) => ({
      path: basename(importer),
      namespace: 'vectors',
    }))
    bundle.onLoad({ filter: /./, namespace: 'vectors' }, ({ path }) => {
      if (path !== 'wycheproof.test.ts') throw new Error(`${path} reads files, which is not foreseen here`)
      const text = existsSync(VECTORS_FILE) ? readFileSync(VECTORS_FILE, 'utf8') : undefined
      const contents = `const text = ${JSON.stringify(text)}
        const isThem = (url) => url.pathname.endsWith('/${VECTORS}')
        export const existsSync = (url) => text !== undefined && isThem(url)
        export const readFileSync = (url) => { if (!existsSync(url)) throw new Error('no such file'); return text }`
      return { contents }
    })
  },
}

/** The fixtures sign with node:crypto, which is not in all of it what it is on Node. */
const mendCrypto: Plugin = {
  name: 'mend crypto',
  setup(bundle) {
    const mended = join(HERE, 'src/workerd-crypto.ts')
    bundle.onResolve({ filter: /^node:crypto$/ }, ({ importer }) =>
      importer === mended ? undefined : { path: mended },
    )
  },
}

/** Fills in the list of test files, each to be loaded when its turn comes. */
const listFiles: Plugin = {
  name: 'list files',
  setup(bundle) {
    bundle.onLoad({ filter: /[\\/]runtimes[\\/]src[\\/]files\.ts$/ }, () => {
      const load = (path: string): string =>
        `${JSON.stringify(path)}: () => import(${JSON.stringify(join(ROOT, path))}),`
      return { contents: `export const files = {\n${listTests().map(load).join('\n')}\n}` }
    })
  },
}

const COMMON: BuildOptions = {
  absWorkingDir: ROOT,
  bundle: true,
  format: 'esm',
  target: 'es2024',
  logLevel: 'warning',
}

/** Bundles a program that runs the tests. Modules of Node stay what the runtime has under their names, but for crypto in workerd. */
export async function buildTests(program: string, outfile: string, isForWorkerd = false): Promise<void> {
  await build({
    ...COMMON,
    entryPoints: [join(HERE, 'src', program)],
    outfile,
    platform: 'node',
    alias: { vitest: join(HERE, 'src/vitest.ts') },
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(join(ROOT, 'packages/verifier/src/bundle.js')).href) },
    plugins: [testBuiltCode, bringVectors, listFiles, ...(isForWorkerd ? [mendCrypto] : [])],
  })
}

/** Bundles a program for a runtime that has nothing of Node. An import of a module of Node fails here. */
export async function buildPlain(program: string, outfile: string): Promise<void> {
  const conditions = ['workerd', 'worker', 'import']
  await build({ ...COMMON, entryPoints: [join(HERE, 'src', program)], outfile, platform: 'neutral', conditions })
}

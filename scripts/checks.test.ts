import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findViolations } from './check-architecture.ts'
import { findLockFaults } from './check-lockfile.ts'
import { findUnmet, readRows } from './check-requirements.ts'
import { findOversize } from './check-size.ts'
import { findForbiddenText } from './check-text.ts'
import { summarise } from './ci-summary.ts'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'counterfoil-checks-'))
  execFileSync('git', ['init', '-q', root])
})

afterEach(() => {
  rmSync(root, { recursive: true })
})

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

function declare(folder: string, ...dependencies: string[]): void {
  const named = Object.fromEntries(dependencies.map((name) => [name, '1.0.0']))
  write(`${folder}/package.json`, JSON.stringify({ dependencies: named }))
}

describe('check-architecture', () => {
  it('lets a tree through that keeps to the table', () => {
    declare('packages/core', '@counterfoil/protocol', 'jose')
    write(
      'packages/core/src/a.ts',
      "import { x } from '@counterfoil/protocol'\nimport type { J } from 'jose'\nimport { b } from './b.ts'\n",
    )
    write('packages/core/src/b.ts', "import { readFileSync } from 'node:fs'\nexport const b = readFileSync\n")
    expect(findViolations(root)).toEqual([])
  })

  it.each([
    [
      'an import against the table',
      "import { v } from '@counterfoil/verifier'",
      /may not import @counterfoil\/verifier/,
    ],
    ['a type-only import against the table', "import type { V } from '@counterfoil/verifier'", /may not import/],
    ['a dynamic import against the table', "await import('@counterfoil/server')", /may not import/],
    ['an import inside a type', "export type S = import('@counterfoil/server').S", /may not import/],
    ['a re-export against the table', "export * from '@counterfoil/verifier'", /may not import/],
    [
      'a reach past the exports of a package',
      "import { x } from '@counterfoil/protocol/dist/claims.js'",
      /may not import/,
    ],
    ['a relative path out of the package', "import { x } from '../../verifier/src/x.ts'", /leaves its package/],
    ['a driver where it is not connected', "import { DatabaseSync } from 'node:sqlite'", /driver/],
    ['a package that is not declared', "import x from 'left-pad'", /not in packages\/core\/package.json/],
  ])('refuses %s', (_what, line, complaint) => {
    declare('packages/core', '@counterfoil/protocol', '@counterfoil/verifier', '@counterfoil/server')
    write('packages/core/src/a.ts', `${line}\n`)
    expect(findViolations(root)).toEqual([expect.stringMatching(complaint)])
  })

  it('refuses a cycle, and a name that says nothing', () => {
    write('packages/core/src/a.ts', "import { b } from './b.ts'\nexport const a = b\n")
    write('packages/core/src/b.ts', "import type { a } from './a.ts'\nexport type B = typeof a\n")
    write('packages/core/src/utils.ts', 'export const c = 1\n')
    expect(findViolations(root)).toEqual([
      expect.stringMatching(/"utils" says nothing/),
      expect.stringMatching(/^cycle: /),
    ])
  })

  it('refuses an operating system in protocol', () => {
    write('packages/protocol/src/a.ts', "import { hash } from 'node:crypto'\nexport const h = hash\n")
    expect(findViolations(root)).toEqual([expect.stringMatching(/protocol runs anywhere/)])
  })

  it('does not pass on a tree without code', () => {
    expect(() => findViolations(root)).toThrow(/no TypeScript file/)
  })
})

describe('check-size', () => {
  const long = (lines: number): string => `export function grow() {\n${'  void 0\n'.repeat(lines - 2)}}\n`

  it('lets small code through', () => {
    write('packages/core/src/a.ts', 'export const one = () => 1\n')
    expect(findOversize(root, {})).toEqual([])
  })

  it('refuses a long function and a long file, unless a reason excuses them', () => {
    write('packages/core/src/a.ts', `${'export const x = () => 1\n'.repeat(0)}${long(61)}`)
    const small = Array.from({ length: 30 }, (_, at) => `export const f${at} = () => ${at}`).join('\n')
    write('packages/core/src/b.ts', `${small}\n`)
    write('packages/core/src/c.test.ts', '// \n'.repeat(401))
    expect(findOversize(root, {})).toEqual([
      expect.stringMatching(/^packages\/core\/src\/c.test.ts: 401 lines/),
      expect.stringMatching(/^packages\/core\/src\/a.ts#grow: 61 lines/),
    ])
    const reasons = { 'packages/core/src/c.test.ts': 'a table', 'packages/core/src/a.ts#grow': 'a table' }
    expect(findOversize(root, reasons)).toEqual([])
  })

  it('refuses a package whose functions are long as a rule, and an allowance without use', () => {
    write('packages/core/src/a.ts', long(31))
    expect(findOversize(root, { 'gone.ts': 'was long' })).toEqual([
      expect.stringMatching(/half of its functions have up to 31/),
      expect.stringMatching(/nine tenths of its functions have up to 31/),
      'gone.ts: the allowance is not needed any more',
    ])
  })
})

describe('check-lockfile', () => {
  const lock = (packages: object): string => JSON.stringify({ packages })
  it('refuses a binary that was left out, an address and a missing hash', () => {
    const entry = { integrity: 'sha512-x', optionalDependencies: { 'x-linux': '1' } }
    expect(findLockFaults(lock({ 'node_modules/x': entry }))).toEqual([
      'node_modules/x: its optional dependency x-linux is not locked',
    ])
    expect(findLockFaults(lock({ 'node_modules/x': { resolved: 'https://…' } }))).toHaveLength(2)
    expect(
      findLockFaults(lock({ 'node_modules/x': entry, 'node_modules/x-linux': { integrity: 'sha512-y' } })),
    ).toEqual([])
    expect(findLockFaults(lock({}))).toEqual(['the lockfile is empty'])
  })
})

describe('check-requirements', () => {
  const page = '| row | level | what | state | where |\n| --- | --- | --- | --- | --- |\n'
  const judge = (line: string): string[] =>
    findUnmet(readRows(page + line), "it('V7.4.10 …')\nit('V7.4.2 ends it')", (path) => path === 'docs/a.md')
  it('believes a row only when a test or a file stands behind it', () => {
    expect(judge('| V7.4.2 | 1 | x | met | test |')).toEqual([])
    expect(judge('| V7.4.1 | 1 | x | met | test |')).toEqual(['V7.4.1: no test carries its name'])
    expect(judge('| V7.1.1 | 1 | x | met | `docs/a.md` |')).toEqual([])
    expect(judge('| V7.1.1 | 1 | x | met | `docs/b.md` |')).toEqual(['V7.1.1: there is no docs/b.md'])
    expect(judge('| V7.1.1 | 1 | x | n/a |  |')).toEqual(['V7.1.1: says n/a, and not why'])
    expect(judge('| V7.1.1 | 1 | x | done | test |')).toEqual(['V7.1.1: "done" is none of met, planned, n/a'])
    expect(judge('')).toEqual(['the page has no rows'])
  })
})

it('check-text finds a folder of a machine and the address of a registry', () => {
  const folder = ['', 'root', 'secrets.txt'].join('/')
  const registry = ['https://registry', 'npmjs', 'org/x'].join('.')
  expect(findForbiddenText('a.md', `see ${folder}\nfine\nfrom ${registry}\n`)).toHaveLength(2)
})

describe('the summary of CI', () => {
  const report = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 1, numFailedTestSuites: 0, testResults: [] }
  it('counts what passed, what failed, and what never started', () => {
    expect(summarise(report, 0)).toEqual({ passed: 3, failed: 0, skipped: 1 })
    expect(summarise(report, 2).failed).toBe(2)
    expect(summarise({ ...report, testResults: [{ status: 'failed', assertionResults: [] }] }, 0).failed).toBe(1)
  })
  it('calls a run without tests or without a report a failure', () => {
    expect(summarise(undefined, 0).failed).toBe(1)
    expect(summarise({ ...report, numPassedTests: 0 }, 0).failed).toBe(1)
  })
})

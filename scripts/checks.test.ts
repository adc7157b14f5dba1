import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findViolations } from './check-architecture.ts'
import { findLockFaults } from './check-lockfile.ts'
import { findUnmet, markMet, readRows, readTitles } from './check-requirements.ts'
import { findMissingPictures } from './check-pictures.ts'
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
    ['a package of the root, outside of tests', "import x from 'vitest'", /not in packages\/core\/package.json/],
    ['the command', "import x from 'counterfoil/dist/main.js'", /may not import counterfoil/],
  ])('refuses %s', (_what, line, complaint) => {
    declare('packages/core', '@counterfoil/protocol', '@counterfoil/verifier', '@counterfoil/server', 'counterfoil')
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

  it('refuses an operating system and a library in protocol', () => {
    declare('packages/protocol', 'jose')
    write('packages/protocol/src/a.ts', "import { hash } from 'node:crypto'\nexport const h = hash\n")
    write('packages/protocol/src/b.ts', "export { SignJWT } from 'jose'\n")
    const complaint: unknown = expect.stringMatching(/protocol runs anywhere/)
    expect(findViolations(root)).toEqual([complaint, complaint])
  })

  it("refuses another store's driver in a store, and lets its own into its tests alone", () => {
    declare('packages/stores/postgres', 'pg')
    write('packages/stores/postgres/src/a.test.ts', "import pg from 'pg'\n")
    expect(findViolations(root)).toEqual([])
    write('packages/stores/postgres/src/a.ts', "import pg from 'pg'\n")
    declare('packages/stores/sqlite', 'pg')
    write('packages/stores/sqlite/src/a.test.ts', "import pg from 'pg'\n")
    const complaint: unknown = expect.stringMatching(/may not import the driver pg/)
    expect(findViolations(root)).toEqual([complaint, complaint])
  })

  it('refuses a folder that no row of the table covers', () => {
    write('packages/extra/src/a.ts', 'export const a = 1\n')
    expect(findViolations(root)).toEqual([expect.stringMatching(/no row of the table/)])
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
    write('packages/core/src/a.ts', long(61))
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
      'packages/core: half of the functions: 31 lines, at most 8 are allowed',
      'packages/core: nine tenths of the functions: 31 lines, at most 30 are allowed',
      'gone.ts: the allowance is not needed any more',
    ])
  })

  it('refuses a long README, and a package whose files are long as a rule', () => {
    write('README.md', 'x\n'.repeat(151))
    write('bench/src/a.ts', 'export const x = 1\n'.repeat(121))
    expect(findOversize(root, { 'bench: half of the files': 'tables' })).toEqual([
      'README.md: 151 lines, at most 150 are allowed',
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
  const judge = (lines: string): string[] =>
    findUnmet(readRows(page + lines), ['V7.4.10 …', 'V7.4.2 ends it'], (path) => path === 'docs/a.md')

  it('believes a row only when a test or a file stands behind it', () => {
    expect(judge('| V7.4.2 | 1 | x | met | test |')).toEqual([])
    expect(judge('| V7.4.1 | 1 | x | met | test |')).toEqual(['V7.4.1: no test carries the name V7.4.1'])
    expect(judge('| V7.9.9 | 1 | x | met | test V7.4.2 |')).toEqual([])
    expect(judge('| V7.9.9 | 1 | x | met | test V7.4.3 |')).toEqual(['V7.9.9: no test carries the name V7.4.3'])
    expect(judge('| V7.1.1 | 1 | x | met | `docs/a.md` |')).toEqual([])
    expect(judge('| V7.1.1 | 1 | x | met | `docs/b.md` |')).toEqual(['V7.1.1: there is no docs/b.md'])
    expect(judge('| V7.1.1 | 1 | x | n/a |  |')).toEqual(['V7.1.1: says n/a, and not why'])
    expect(judge('| V7.1.1 | 1 | x | done | test |')).toEqual(['V7.1.1: "done" is none of met, planned, n/a'])
    expect(judge('| V7 | 1 | x | planned |  |\n| V7 | 1 | y | planned |  |')).toHaveLength(1)
    expect(judge('')).toEqual(['the page has no rows'])
  })

  it('takes neither a comment nor a test that is skipped for a test', () => {
    const text =
      "// V1.1.1\nit('V1.1.2 x', go)\nit.each(a)(`V1.1.3 x`, go)\nit.skip('V1.1.4 x', go)\nit.todo('V1.1.5')\n"
    const titles = readTitles({ path: 'a.test.ts', text: `${text}it.skipIf(c)('V1.1.6 x', go)\n` })
    expect(titles).toEqual(['V1.1.2 x', 'V1.1.3 x', 'V1.1.6 x'])
  })

  it('marks planned rows that have a test, and nothing else', () => {
    const rows = `${page}| V7.4.2 | 1 | x | planned | here |\n| V7.4.1 | 1 | x | planned |  |\n`
    expect(markMet(rows, ['V7.4.2 ends it'])).toBe(rows.replace('planned | here', 'met | test'))
  })
})

describe('check-pictures', () => {
  it('wants every page in both languages, on both screens, in both colour schemes', () => {
    const missing = findMissingPictures(['sign-in-en-phone-light.png', 'shop-visitor-phone-light.png'])
    expect(missing).toHaveLength(9 * 2 * 4 - 1)
    expect(missing).toContain('my-devices-ko-desktop-dark.png')
    expect(missing).not.toContain('sign-in-en-phone-light.png')
    expect(findMissingPictures(missing)).toEqual(['sign-in-en-phone-light.png'])
  })
})

it.each([
  ['a folder of a machine', ['see ', 'root', 'secrets.txt'].join('/')],
  ['one in a URL', ['see file://', 'work', 'main'].join('/')],
  ['one in a list', ['PATH=bin:', 'home', 'me', 'bin'].join('/')],
  ['the address of a registry', ['from https://registry', 'npmjs', 'org/x'].join('.')],
  ['the address of any registry', ['https://registry', 'example.com/x'].join('.')],
  ['the address of a copy of one', ['https://unpkg', 'com/x'].join('.')],
])('check-text finds %s', (_what, line) => {
  expect(findForbiddenText('a.md', `fine\n${line}\nand/work/on it at /roots, /homes/x and ./work/x\n`)).toEqual([
    `a.md:2: ${line}`,
  ])
})

describe('the summary of CI', () => {
  const file = (status: string, ...tests: string[]) => ({
    status,
    assertionResults: tests.map((each) => ({ status: each })),
  })
  const report = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 1, numTodoTests: 0, testResults: [] }
  const fine = { failedSteps: 0, testsExit: 0 }

  it('counts what passed, what failed and what was skipped', () => {
    expect(summarise(report, fine)).toEqual({ passed: 3, failed: 0, skipped: 1 })
    const failed = { ...report, numFailedTests: 2, testResults: [file('failed', 'failed', 'failed')] }
    expect(summarise(failed, { failedSteps: 1, testsExit: 1 })).toEqual({ passed: 3, failed: 3, skipped: 1 })
  })

  it('counts a file that did not start, and one whose hook threw', () => {
    const broken = { ...report, testResults: [file('failed'), file('failed', 'passed', 'skipped')] }
    expect(summarise(broken, { failedSteps: 0, testsExit: 1 }).failed).toBe(2)
  })

  it('calls it a failure when the command failed and no test shows why', () => {
    expect(summarise(report, { failedSteps: 0, testsExit: 1 }).failed).toBe(1)
  })

  it('calls a run without tests or without a report a failure', () => {
    expect(summarise(undefined, fine)).toEqual({ passed: 0, failed: 1, skipped: 0 })
    expect(summarise({ ...report, numPassedTests: 0 }, fine).failed).toBe(1)
  })
})

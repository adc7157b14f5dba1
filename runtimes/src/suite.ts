import { describeError, nameRuntime, type Failure, type Report, type Skip } from './report.ts'
import { reasonToSkip, triesOf } from './rules.ts'
import { titleOf } from './title.ts'

type Act = () => unknown
type RowAct = (...row: never[]) => unknown

/** A file or a `describe`: a name, and what is done around each test in it. */
interface Scope {
  readonly name: string
  readonly outer: Scope | undefined
  readonly before: Act[]
  readonly after: Act[]
}

interface Test {
  readonly name: string
  readonly scope: Scope
  readonly act: Act
}

/** `describe` or `it`: by itself, for each row of a table, or not at all. */
interface Registration {
  (name: string, act: Act): void
  each(rows: readonly unknown[]): (pattern: string, act: RowAct) => void
  skip(name: string, act: Act): void
}

const LIMIT_MS = 60_000

const failed: Failure[] = []
const skipped: Skip[] = []
let passed = 0
let tests: Test[] = []
let scope: Scope = newScope('', undefined)
let finally_: Act[] = []

function newScope(name: string, outer: Scope | undefined): Scope {
  return { name, outer, before: [], after: [] }
}

function fullName(name: string): string {
  return scope.name === '' ? name : `${scope.name} > ${name}`
}

function registration(register: (fullName: string, act: Act) => void): Registration {
  const unlessSkipped = (name: string, act: Act): void => {
    const full = fullName(name)
    const reason = reasonToSkip(full, nameRuntime())
    if (reason === undefined) register(full, act)
    else skipped.push({ name: full, reason })
  }
  const each = (rows: readonly unknown[]) => (pattern: string, act: RowAct) => {
    for (const row of rows)
      unlessSkipped(titleOf(pattern, row), () => Reflect.apply(act, undefined, Array.isArray(row) ? row : [row]))
  }
  const skip = (name: string): void => void skipped.push({ name: fullName(name), reason: 'the test says so itself' })
  return Object.assign(unlessSkipped, { each, skip })
}

/** A group of tests. */
export const describe = registration((name, act) => {
  const outer = scope
  scope = newScope(name, outer)
  act()
  scope = outer
})

/** One test. */
export const it = registration((name, act) => void tests.push({ name, scope, act }))

/** Registers what is done before each test of this group. */
export function beforeEach(act: Act): void {
  scope.before.push(act)
}

/** Registers what is done after each test of this group. */
export function afterEach(act: Act): void {
  scope.after.push(act)
}

/** Registers what is done when the test under way is over. */
export function onTestFinished(act: Act): void {
  finally_.push(act)
}

function scopesOf(innermost: Scope): Scope[] {
  return innermost.outer === undefined ? [innermost] : [...scopesOf(innermost.outer), innermost]
}

async function runInOrder(acts: readonly Act[]): Promise<void> {
  for (const act of acts) await act()
}

async function runTest({ scope, act }: Test): Promise<void> {
  const scopes = scopesOf(scope)
  finally_ = []
  try {
    await runInOrder(scopes.flatMap(({ before }) => before))
    await act()
  } finally {
    await runInOrder([...finally_, ...scopes.toReversed().flatMap(({ after }) => after)])
  }
}

async function withinLimit(work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${LIMIT_MS} ms`)), LIMIT_MS)
  })
  await Promise.race([work, limit]).finally(() => clearTimeout(timer))
}

async function tryTest(test: Test, triesLeft: number): Promise<void> {
  try {
    await withinLimit(runTest(test))
    passed++
  } catch (thrown) {
    if (triesLeft > 1) return tryTest(test, triesLeft - 1)
    failed.push({ name: test.name, error: describeError(thrown) })
  }
}

async function runFile(load: () => Promise<unknown>): Promise<void> {
  await load()
  for (const test of tests) await tryTest(test, triesOf(test.name))
}

/** Loads each file, runs its tests one after the other, and tells what came of them. */
export async function runFiles(files: Readonly<Record<string, () => Promise<unknown>>>): Promise<Report> {
  for (const [name, load] of Object.entries(files)) {
    tests = []
    const before = passed + failed.length + skipped.length
    const reason = reasonToSkip(name, nameRuntime())
    if (reason !== undefined) skipped.push({ name, reason })
    else {
      scope = newScope(name, undefined)
      await runFile(load).catch((thrown: unknown) => failed.push({ name, error: describeError(thrown) }))
    }
    if (passed + failed.length + skipped.length === before) failed.push({ name, error: 'has no tests' })
  }
  return { runtime: nameRuntime(), passed, failed, skipped }
}

import { hasAll, isEqual } from './equality.ts'

type Class = abstract new (...given: never[]) => unknown
type Judgement = (actual: unknown, ...expected: never[]) => boolean

/** As text, whatever it is. */
function show(value: unknown): string {
  if (typeof value === 'function') return value.name === '' ? 'a function' : value.name
  if (value instanceof RegExp || value instanceof Error) return String(value)
  const seen = JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === 'bigint') return `${each}n`
    if (each instanceof Uint8Array) return `bytes ${each.join()}`
    return each === undefined ? 'undefined' : each
  }) as string | undefined
  return (seen ?? String(value)).slice(0, 2000)
}

function isThrown(thrown: unknown, expected: Class | RegExp | string | undefined): boolean {
  if (expected === undefined) return true
  if (typeof expected === 'function') return thrown instanceof expected
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return typeof expected === 'string' ? message.includes(expected) : expected.test(message)
}

function doesThrow(act: unknown, expected: Class | RegExp | string | undefined): boolean {
  if (typeof act !== 'function') throw new TypeError('toThrow needs a function')
  try {
    Reflect.apply(act, undefined, [])
  } catch (thrown) {
    return isThrown(thrown, expected)
  }
  return false
}

function contains(actual: unknown, item: unknown): boolean {
  return typeof actual === 'string' ? actual.includes(String(item)) : Array.isArray(actual) && actual.includes(item)
}

const JUDGEMENTS = {
  toBe: (actual, expected: unknown) => Object.is(actual, expected),
  toBeCloseTo: (actual, expected: number, digits = 2) => Math.abs(Number(actual) - expected) < 10 ** -digits / 2,
  toBeDefined: (actual) => actual !== undefined,
  toBeGreaterThan: (actual, expected: number) => Number(actual) > expected,
  toBeInstanceOf: (actual, expected: Class) => actual instanceof expected,
  toBeLessThan: (actual, expected: number) => Number(actual) < expected,
  toBeLessThanOrEqual: (actual, expected: number) => Number(actual) <= expected,
  toBeUndefined: (actual) => actual === undefined,
  toContain: (actual, item: unknown) => contains(actual, item),
  toEqual: (actual, expected: unknown) => isEqual(actual, expected),
  toHaveLength: (actual, length: number) => Reflect.get(Object(actual), 'length') === length,
  toHaveProperty: (actual, name: string) => name in Object(actual),
  toMatch: (actual, expected: RegExp) => typeof actual === 'string' && expected.test(actual),
  toMatchObject: (actual, expected: unknown) => hasAll(actual, expected),
  toThrow: (actual, expected?: Class | RegExp | string) => doesThrow(actual, expected),
} satisfies Readonly<Record<string, Judgement>>

type Matchers = Readonly<Record<keyof typeof JUDGEMENTS, (...expected: unknown[]) => void>>

function judge(actual: unknown, wanted: boolean): Matchers {
  const bind =
    (name: string, judgement: Judgement) =>
    (...expected: never[]) => {
      if (judgement(actual, ...expected) === wanted) return
      throw new Error(`expected ${show(actual)} ${wanted ? '' : 'not '}${name} ${expected.map(show).join(', ')}`)
    }
  const bound = Object.entries(JUDGEMENTS).map(([name, judgement]) => [name, bind(name, judgement)] as const)
  return Object.fromEntries(bound) as Matchers
}

/** The expectations that the tests of the verifier use. What is missing here fails the test that needs it. */
export function expect(actual: unknown): Matchers & { readonly not: Matchers } {
  return { ...judge(actual, true), not: judge(actual, false) }
}

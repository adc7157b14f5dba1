import { isJsonObject, type JsonObject } from './strict-json.ts'

const MAX_NUMBER = 2 ** 31 - 1
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** @throws {TypeError} when an option is not among these names: a misspelt one would be silently without effect. */
export function assertKnown(options: object, names: readonly string[]): void {
  for (const name in options) {
    if (!names.includes(name)) throw new TypeError(`there is no option ${name}`)
  }
}

/** The options in an object, all of them with one of these names. @throws {TypeError} */
export function readGroup(value: unknown, name: string, names: readonly string[]): JsonObject {
  if (value === undefined) return {}
  if (!isJsonObject(value)) throw new TypeError(`${name} must be an object`)
  assertKnown(value, names)
  return value
}

/** A number, at most what a timer can take. @throws {TypeError} */
export function readNumber(value: unknown, name: string, fallback: number, least = 0): number {
  if (value === undefined) return fallback
  const isFit = typeof value === 'number' && value >= least && value <= MAX_NUMBER
  if (!isFit) throw new TypeError(`${name} must be a number from ${String(least)} to ${String(MAX_NUMBER)}`)
  return value
}

/** A URL that nobody on the way can answer for: https, or http on the loopback. @throws {TypeError} */
export function readSafeUrl(value: unknown, name: string): string {
  if (typeof value !== 'string' || /\s/.test(value) || !URL.canParse(value)) {
    throw new TypeError(`${name} must be a URL`)
  }
  const { protocol, hostname, username, password } = new URL(value)
  const isSafe = protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname))
  if (!isSafe) throw new TypeError(`${name} must be an https URL, or http on the loopback`)
  if (username !== '' || password !== '') throw new TypeError(`${name} must not hold a user name or password`)
  return value
}

/** A list of texts, of which there is at least one and none empty; one text is such a list. @throws {TypeError} */
export function readTexts(value: unknown, name: string): readonly string[] {
  const given: readonly unknown[] = Array.isArray(value) ? value : [value]
  const texts = given.filter((each) => typeof each === 'string' && each !== '')
  if (texts.length === 0 || texts.length < given.length) {
    throw new TypeError(`${name} must be a text or a list of texts, none of them empty`)
  }
  return texts as readonly string[]
}

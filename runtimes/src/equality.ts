type Members = Readonly<Record<string, unknown>>

function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value)
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null
}

function definedKeys(value: Members): string[] {
  return Object.keys(value).filter((key) => value[key] !== undefined)
}

/** What is compared by what it holds rather than by its members. Undefined: it has only members. */
function contentOf(value: Members): unknown {
  if (value instanceof Set) return [...value]
  if (value instanceof Map) return [...value]
  if (value instanceof Error) return [value.name, value.message]
  if (value instanceof Date) return [value.getTime()]
  if (value instanceof RegExp) return [String(value)]
  return value instanceof Uint8Array || value instanceof Uint32Array ? [...value] : undefined
}

/** Whether two values are equal in depth; members that are undefined count as absent. */
export function isEqual(actual: unknown, expected: unknown): boolean {
  if (Object.is(actual, expected)) return true
  if (!isMembers(actual) || !isMembers(expected) || tagOf(actual) !== tagOf(expected)) return false
  const [content, other] = [contentOf(actual), contentOf(expected)]
  if (content !== undefined || other !== undefined) return isEqual(content, other)
  if (Array.isArray(actual) && actual.length !== Object(expected).length) return false
  const keys = definedKeys(expected)
  const own = definedKeys(actual)
  return (
    own.length === keys.length && keys.every((key) => Object.hasOwn(actual, key) && isEqual(actual[key], expected[key]))
  )
}

/** Whether a value has what is expected of it, and perhaps more; lists have no more items than expected. */
export function hasAll(actual: unknown, expected: unknown): boolean {
  if (!isMembers(expected) || contentOf(expected) !== undefined) return isEqual(actual, expected)
  if (!isMembers(actual) || Array.isArray(actual) !== Array.isArray(expected)) return false
  if (Array.isArray(actual) && actual.length !== Object(expected).length) return false
  return Object.keys(expected).every((key) => key in actual && hasAll(actual[key], expected[key]))
}

/** What JSON calls an object. Members that are named like those of a prototype are its own, and harmless. */
export type JsonObject = Readonly<Record<string, unknown>>

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a

// A byte order mark is kept, so that it is refused as what it is: no JSON (RFC 8259 §8.1).
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The colons outside of strings. The text is valid JSON: a backslash stands in strings only. */
function countNameSeparators(json: string): number {
  let count = 0
  let quoted = false
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code === QUOTE) quoted = !quoted
    else if (code === BACKSLASH) at++
    else if (code === COLON && !quoted) count++
  }
  return count
}

/** A JSON object, frozen with all that is in it, and how much that is. */
export interface ParsedJson {
  readonly object: JsonObject
  /** Objects and arrays, this one included. */
  readonly containers: number
  /** Members of all objects. */
  readonly members: number
}

// No recursion: depth is the sender's choice.
function freezeDeep(object: JsonObject): ParsedJson {
  let members = 0
  let containers = 0
  const open: object[] = [object]
  for (let container = open.pop(); container !== undefined; container = open.pop()) {
    const values: readonly unknown[] = Array.isArray(container) ? container : Object.values(container)
    containers++
    if (values !== container) members += values.length
    for (const value of values) if (typeof value === 'object' && value !== null) open.push(value)
    Object.freeze(container)
  }
  return { object, containers, members }
}

/** Whether a parsed JSON value is an object. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The JSON object in these bytes, or undefined when they are not UTF-8, not JSON, not an object, or when an object at
 * any depth has two members of one name, which RFC 7515 §4 and RFC 7519 §4 let a recipient refuse.
 */
export function parseJsonObject(bytes: Uint8Array): ParsedJson | undefined {
  try {
    const json = utf8.decode(bytes)
    const value: unknown = JSON.parse(json)
    const parsed = isJsonObject(value) ? freezeDeep(value) : undefined
    // Of two members with one name a parser keeps one, however the names are escaped; their colons stay in the text.
    return parsed?.members === countNameSeparators(json) ? parsed : undefined
  } catch {
    return undefined
  }
}

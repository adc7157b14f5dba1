import { parseJsonObject, type JsonObject } from './strict-json.ts'

/** Where a key set is, and what its answer may cost. */
export interface KeySetRequest {
  readonly uri: string
  readonly timeoutMs: number
  readonly maxBytes: number
  readonly fetch: typeof fetch
}

/** A key set as it was answered. */
export interface FetchedKeySet {
  readonly set: JsonObject
  /** How long its answer says that it may be kept, in seconds; undefined when it does not say. */
  readonly maxAgeSeconds: number | undefined
}

async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    // Leaving the loop cancels the rest of the answer.
    if (length > maxBytes) throw new Error(`the key set is larger than ${String(maxBytes)} bytes`)
    chunks.push(chunk)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/** `max-age` of a Cache-Control field (RFC 9111 §5.2.2.1) in seconds; 0 where it forbids keeping the answer. */
export function readMaxAge(cacheControl: string | null): number | undefined {
  const directives = (cacheControl ?? '').toLowerCase().split(',')
  const names = directives.map((directive) => directive.trim())
  if (names.includes('no-store') || names.includes('no-cache')) return 0
  const seconds = names.map((name) => /^max-age="?(\d{1,10})"?$/.exec(name)?.[1]).find((text) => text !== undefined)
  return seconds === undefined ? undefined : Number(seconds)
}

/**
 * Asks for a key set, once.
 *
 * @throws {Error} when it cannot be reached or takes too long, and when what is answered is a redirect, no 200, too
 *   large, or no JSON object.
 */
export async function fetchKeySet({ uri, timeoutMs, maxBytes, fetch }: KeySetRequest): Promise<FetchedKeySet> {
  const headers = { accept: 'application/jwk-set+json, application/json' }
  const response = await fetch(uri, { headers, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
  if (response.status !== 200 || response.redirected) {
    await response.body?.cancel()
    throw new Error(`the key set was answered with status ${String(response.status)}`)
  }
  const set = parseJsonObject(await readBounded(response, maxBytes))?.object
  if (set === undefined) throw new Error('the key set is no JSON object')
  return { set, maxAgeSeconds: readMaxAge(response.headers.get('cache-control')) }
}

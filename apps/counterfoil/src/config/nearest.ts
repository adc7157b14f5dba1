import { closest, distance } from 'fastest-levenshtein'
import { quote } from './quoting.ts'

/** What to say about a name that is not known: the known one that it is nearest to. */
export function suggest(name: string, known: readonly string[]): string {
  // The distance to a very long name takes long to compute, and no known name is near to it anyway.
  const nearest = closest(name.slice(0, 100), known)
  const near = distance(name.slice(0, 100), nearest) <= Math.max(2, nearest.length / 3)
  return near ? `did you mean ${nearest}?` : `the nearest that there is: ${nearest}`
}

/** How an unknown key stands in a message: bare where TOML would let it. */
export function showKey(key: string): string {
  return /^[\w-]{1,60}$/.test(key) ? key : quote(key)
}

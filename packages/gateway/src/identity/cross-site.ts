/** What of a request tells which page made it (Fetch Metadata; RFC 6454 §7). */
export interface FetchMetadata {
  readonly site: string | undefined
  readonly origin: string | undefined
}

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** Whether a method is one that changes something (RFC 9110 §9.2.1). */
export function changesSomething(method: string): boolean {
  return !SAFE.has(method)
}

/**
 * Whether a request with a cookie may change something: it comes from a page of this very origin or of one that the operator lists, or from no page
 * at all. `none` is what the user typed. Pure.
 */
export function mayChange({ site, origin }: FetchMetadata, origins: ReadonlySet<string>): boolean {
  if (origin !== undefined && origins.has(origin)) return true
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  return origin === undefined
}

/** What a browser tells about where a request comes from. */
export interface FetchMetadata {
  /** `Sec-Fetch-Site`. */
  readonly site: string | undefined
  /** `Origin`. */
  readonly origin: string | undefined
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Whether a method may change something (RFC 9110 §9.2.1). */
export function changesSomething(method: string): boolean {
  return !SAFE_METHODS.has(method)
}

/** Whether a browser made the request, as far as it says so. */
export function saysOrigin({ site, origin }: FetchMetadata): boolean {
  return site !== undefined || origin !== undefined
}

/** What the fetch metadata of a request says, before anybody's list of origins is looked at. */
export type OriginVerdict = 'same' | 'foreign' | { readonly ask: string }

/**
 * Whether a request with a cookie comes from the issuer's own pages: by `Sec-Fetch-Site`, else by `Origin` (ASVS 3.5.1). `none` is the user
 * alone: no page can make it. Any other origin is for the application's list to decide. A request that says nothing is foreign: every
 * browser of the last years sends one of the two, and a program that keeps cookies can send `Origin` or the `Authorization` header.
 */
export function judgeOrigin({ site, origin }: FetchMetadata, own: string): OriginVerdict {
  if (site === 'same-origin' || site === 'none') return 'same'
  if (origin === undefined || origin === 'null') return 'foreign'
  return site === undefined && origin === own ? 'same' : { ask: origin }
}

/** Whether a request may be carried out with a cookie, given the origins that its application lists. */
export function isOriginAllowed(metadata: FetchMetadata, own: string, listed: readonly string[]): boolean {
  const verdict = judgeOrigin(metadata, own)
  return typeof verdict === 'string' ? verdict === 'same' : listed.includes(verdict.ask)
}

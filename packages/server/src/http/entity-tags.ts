/** What a request demands of the state that it meets (RFC 9110 §13.1). */
export type Condition =
  | { readonly kind: 'none' }
  /** `If-Match: *`: it must be there. */
  | { readonly kind: 'present' }
  /** `If-None-Match: *`: it must not be there. */
  | { readonly kind: 'absent' }
  /** `If-Match` with tags: it must be at one of these versions. */
  | { readonly kind: 'versions'; readonly versions: readonly number[] }

const TAG = /^"(\d{1,15})"$/

/** The entity tag of a version. Strong: a version is one state, to the byte. */
export function entityTag(version: number): string {
  return `"${version}"`
}

/** The versions that a list of entity tags names. Weak and foreign ones match none (§13.1.1: strong comparison). */
function versionsOf(list: string): readonly number[] {
  return list.split(',').flatMap((tag) => {
    const version = TAG.exec(tag.trim())?.[1]
    return version === undefined ? [] : [Number(version)]
  })
}

/** The condition of a changing request. `If-Match` comes first (RFC 9110 §13.2.2); `If-None-Match` is known with `*` alone. */
export function readCondition(ifMatch: string | undefined, ifNoneMatch: string | undefined): Condition {
  if (ifMatch !== undefined)
    return ifMatch.trim() === '*' ? { kind: 'present' } : { kind: 'versions', versions: versionsOf(ifMatch) }
  return ifNoneMatch?.trim() === '*' ? { kind: 'absent' } : { kind: 'none' }
}

/** Whether a reader has this version already (`If-None-Match`; §13.1.2: weak comparison). */
export function isKnown(ifNoneMatch: string | undefined, version: number): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  return versionsOf(ifNoneMatch.replaceAll('W/', '')).includes(version)
}

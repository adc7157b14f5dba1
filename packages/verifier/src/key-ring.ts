import type { JwsAlgorithm } from './algorithms.ts'
import type { JwsEngine, SignatureCheck } from './engine.ts'
import { allReady, whenReady, type Eventually } from './eventually.ts'
import { readPublicKey, type Jwk } from './jwk.ts'
import { isJsonObject } from './strict-json.ts'

/** A JWK Set (RFC 7517 §5). */
export interface JwkSet {
  readonly keys: readonly Jwk[]
}

/** A public key that is ready to check signatures with its one algorithm. */
export interface VerificationKey {
  readonly kid: string | undefined
  readonly algorithm: JwsAlgorithm
  readonly check: SignatureCheck
  /** Equal for equal keys, and for no others. */
  readonly fingerprint: string
}

/** The usable keys of one key set. It never changes: another set makes another ring. */
export class KeyRing {
  /** How many keys of the set cannot be used. */
  readonly skipped: number
  readonly #byKid: ReadonlyMap<string, VerificationKey>
  readonly #byFingerprint: ReadonlyMap<string, VerificationKey>

  constructor(keys: readonly VerificationKey[], skipped: number) {
    const distinct = [...new Map(keys.map((key) => [key.fingerprint, key])).values()]
    const timesNamed = new Map<string | undefined, number>()
    for (const { kid } of distinct) timesNamed.set(kid, (timesNamed.get(kid) ?? 0) + 1)
    // Of two keys under one name nobody can tell which is meant; a key without one is meant only where it is alone.
    const usable = distinct.filter(({ kid }) => (kid === undefined ? distinct.length === 1 : timesNamed.get(kid) === 1))
    this.#byFingerprint = new Map(usable.map((key) => [key.fingerprint, key]))
    this.#byKid = new Map(usable.flatMap((key) => (key.kid === undefined ? [] : [[key.kid, key]])))
    this.skipped = skipped + keys.length - usable.length
  }

  /** How many keys can be used. */
  get size(): number {
    return this.#byFingerprint.size
  }

  /** The key that a header means by its `kid`. Only a set of one key lets it be left out. */
  select(kid: string | undefined): VerificationKey | undefined {
    const named = kid === undefined ? undefined : this.#byKid.get(kid)
    if (named !== undefined || this.#byFingerprint.size !== 1) return named
    const [only] = this.#byFingerprint.values()
    return kid === undefined || only?.kid === undefined ? only : undefined
  }

  /** The key of this ring that is the same key. */
  find(fingerprint: string): VerificationKey | undefined {
    return this.#byFingerprint.get(fingerprint)
  }
}

function prepareKey(
  jwk: unknown,
  engine: JwsEngine,
  previous: KeyRing | undefined,
): Eventually<VerificationKey | undefined> {
  const key = readPublicKey(jwk)
  if (key === undefined) return undefined
  const fingerprint = JSON.stringify([key.kid, key.algorithm, key.material])
  const known = previous?.find(fingerprint)
  if (known !== undefined) return known
  const { kid, algorithm } = key
  return whenReady(engine.prepare(key), (check) => check && { kid, algorithm, check, fingerprint })
}

/**
 * The usable keys of a JWK Set, or of the list of its keys; those that cannot be used are skipped and counted. Keys that
 * `previous` holds are taken from there.
 *
 * @throws {TypeError} when it is neither.
 */
export function readKeyRing(set: unknown, engine: JwsEngine, previous?: KeyRing): Eventually<KeyRing> {
  const jwks: unknown = isJsonObject(set) ? set['keys'] : set
  if (!Array.isArray(jwks)) throw new TypeError('a key set is an object with a list `keys`, or that list')
  const prepared = jwks.map((jwk) => prepareKey(jwk, engine, previous))
  return whenReady(allReady(prepared), (keys) => {
    const usable = keys.filter((key) => key !== undefined)
    return new KeyRing(usable, keys.length - usable.length)
  })
}

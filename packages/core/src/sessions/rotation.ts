import type { Session } from './session.ts'

/** What to do with a presented refresh token. */
export type RotationDecision =
  /** The normal case: the next generation. */
  | 'rotate'
  /** A second tab, a retry, a lost response: the same answer again. */
  | 'replay'
  /** The owner, who proved possession of the key, lost a response: the same answer again, and a note of it. */
  | 'recover'
  /** Only this issuer can have made it, so the store lost writes: raise the record, then rotate. */
  | 'heal'
  /** The user has proved anew who they are since: refused, and no sign of theft. */
  | 'superseded'
  /** An old token came back: the session ends. */
  | 'reuse'

/**
 * Decides about a refresh token of generation `presented`, whose tag is valid, for the session as it stands.
 * `proof` says whether the client has shown possession of the key that the session is bound to. The window begins with
 * the rotation and is not extended by replays. Pure; see RFC 9700 §4.14.2 for what rotation must achieve.
 */
export function decideRotation(
  standing: Session,
  presented: number,
  proof: 'bound' | 'bearer',
  now: number,
  concurrencyWindowMs: number,
): RotationDecision {
  if (presented === standing.generation) return 'rotate'
  if (presented > standing.generation) return 'heal'
  if (presented < standing.floor) return 'superseded'
  if (presented < standing.generation - 1) return 'reuse'
  if (now - standing.rotated.at <= concurrencyWindowMs) return 'replay'
  return proof === 'bound' ? 'recover' : 'reuse'
}

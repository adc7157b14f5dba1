import type { OpaqueTokenKind, Strategy } from '@counterfoil/protocol'
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
  /** A request that hung somewhere while others went on, and is carried out only now: refused for the moment, and no sign of theft. */
  | 'overtaken'
  /** An old token came back: the session ends. */
  | 'reuse'

/**
 * Decides about a refresh token of generation `presented`, whose tag is valid, for the session as it stands.
 * `proof` says whether the client has shown possession of the key that the session is bound to. The window begins with
 * the rotation and is not extended by replays. `now` is when the request came, which may be before the last rotation did. Pure; see RFC 9700 §4.14.2 for what rotation must achieve.
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
  if (presented < standing.generation - 1) return now < standing.rotated.at ? 'overtaken' : 'reuse'
  if (now - standing.rotated.at <= concurrencyWindowMs) return 'replay'
  return proof === 'bound' ? 'recover' : 'reuse'
}

/** What the current token of a stored session turns into when it is presented at the token endpoint. */
export type Succession =
  /** The same token again: one that is looked up at each use needs no rotation. */
  | 'keep'
  /** The next generation, in the form that the application has now. */
  | 'advance'
  /** Signed tokens, and a record that stays only for those who come once more with the old token. */
  | 'release'

/** Decides how a session goes on whose current token has come, given the strategy that its application has now. Pure. */
export function decideSuccession(standing: Session, presented: OpaqueTokenKind, strategy: Strategy): Succession {
  if (strategy === 'stateless') return 'release'
  const isSettled = strategy === 'stateful' && standing.strategy === 'stateful' && presented === 'session'
  return isSettled ? 'keep' : 'advance'
}

/**
 * The idle expiry of a record whose session goes on as signed tokens: just after the window, whose last millisecond is inside. Idle times
 * are whole seconds, so no other record has this one.
 */
export function releasedUntil(rotatedAt: number, concurrencyWindowMs: number): number {
  return rotatedAt + concurrencyWindowMs + 1
}

/** Whether the session goes on as signed tokens, and this is what is left of its record. */
export function isReleased({ idleExpiresAt, rotated }: Session, concurrencyWindowMs: number): boolean {
  return idleExpiresAt === releasedUntil(rotated.at, concurrencyWindowMs)
}

/**
 * Decides about a signed refresh token, given the record that stands where its session has one by now. It is the
 * predecessor of the generation that the record began with, which is its floor. Pure.
 */
export function decideTakeover(
  standing: Session | undefined,
  proof: 'bound' | 'bearer',
  now: number,
  concurrencyWindowMs: number,
): 'start' | 'replay' | 'recover' | 'overtaken' | 'reuse' {
  if (standing === undefined || isReleased(standing, concurrencyWindowMs)) return 'start'
  const isFirst = standing.generation === standing.floor
  if (isFirst && now - standing.rotated.at <= concurrencyWindowMs) return 'replay'
  if (now < standing.rotated.at) return 'overtaken'
  return isFirst && proof === 'bound' ? 'recover' : 'reuse'
}

/**
 * Decides about a session token that comes with a request. `replaced`: the session has just taken another form, and requests that were on
 * their way by then are still good. Pure.
 */
export function decideSessionToken(
  standing: Session,
  presented: number,
  now: number,
  concurrencyWindowMs: number,
): 'current' | 'replaced' | 'ended' {
  const decision = decideRotation(standing, presented, 'bearer', now, concurrencyWindowMs)
  if (decision === 'rotate') return 'current'
  const hasMoved = standing.strategy !== 'stateful' || isReleased(standing, concurrencyWindowMs)
  return (decision === 'replay' || decision === 'overtaken') && hasMoved ? 'replaced' : 'ended'
}

import { isToldEnded, type Call, type CallKind, type Violation } from '../history.ts'
import type { KnownSession } from './known-sessions.ts'
import { mayBeDropped, type Terms } from './terms.ts'

const BY_SESSION: ReadonlySet<CallKind> = new Set(['refresh', 'check', 'verify', 'read', 'write'])

/** Violations, and the sessions that a store lost, which its profile allows. */
export interface HonestVerdict {
  readonly violations: readonly Violation[]
  readonly lost: number
}

/** An honest user is not signed out: what was never ended is honoured, or it cannot be told now. */
export function checkHonest(
  calls: readonly Call[],
  sessions: ReadonlyMap<string, KnownSession>,
  terms: Terms,
): HonestVerdict {
  const violations: Violation[] = []
  const lost = new Set<string>()
  for (const call of calls) {
    if (!BY_SESSION.has(call.kind) || call.isLatest !== true || !isSignedOut(call)) continue
    const session = sessions.get(call.session ?? '')
    if (session === undefined || call.endedAt >= session.maybeEndedFrom) continue
    if (isLost(session, call, terms)) lost.add(session.id)
    else violations.push({ clause: 'signed out', says: `an honest ${call.kind} is refused`, call })
  }
  return { violations, lost: lost.size }
}

/**
 * Whether somebody is told that they are signed out. An access token that has run out, or that by another clock is not yet valid, is what a refresh is
 * for: of those only the word that the session has ended counts.
 */
function isSignedOut(call: Call): boolean {
  const isSessionToken = call.presented?.startsWith('cfs_') === true
  return isToldEnded(call) || (isSessionToken && call.answer?.status === 401)
}

/** Sessions that began in the window, and those that were there when a store came back empty. */
function isLost({ startedAt, signedInAt }: KnownSession, { endedAt }: Call, terms: Terms): boolean {
  const { mayLose, emptiedAt } = terms
  const isAfter = endedAt >= Math.min(mayLose?.from ?? Infinity, emptiedAt ?? Infinity)
  return isAfter && mayBeDropped(terms, startedAt, signedInAt)
}

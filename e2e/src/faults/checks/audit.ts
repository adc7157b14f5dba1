import { isUncertain, succeeded, type Call, type Violation } from '../history.ts'
import { isReuse, mayEnd } from './known-sessions.ts'
import { mayBeForgotten, type AuditedChange, type Terms } from './terms.ts'

/** How often something is in the audit log, and how often it may and must be. */
interface Count {
  readonly what: string
  readonly kind: string
  readonly id: string
  readonly least: number
  readonly most: number
}

/** Each change that was acknowledged is in the audit log once, and none that nobody asked for. */
export function checkAudit(calls: readonly Call[], terms: Terms): Violation[] {
  const found = countEvents(terms.audit)
  const counts = [...countsOfSessions(calls, terms), ...countsOfAccounts(calls, terms)]
  return counts.flatMap(({ what, kind, id, least, most }) => {
    const times = found.get(nameOf(kind, id)) ?? 0
    if (times >= least && times <= most) return []
    return [
      { clause: 'audit', says: `${what} is in the audit log ${times} times, which may be ${least} to ${most}: ${id}` },
    ]
  })
}

function countEvents(audit: readonly AuditedChange[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { kind, accountId, sessionId } of audit) {
    for (const id of new Set([accountId, sessionId])) {
      if (id !== undefined) counts.set(nameOf(kind, id), (counts.get(nameOf(kind, id)) ?? 0) + 1)
    }
  }
  return counts
}

function nameOf(kind: string, id: string): string {
  return `${kind} ${id}`
}

function* countsOfSessions(calls: readonly Call[], terms: Terms): Generator<Count> {
  const byUser = Map.groupBy(calls, ({ user }) => user)
  for (const signIn of calls) {
    if (signIn.kind !== 'sign-in' || !succeeded(signIn) || signIn.session === undefined) continue
    const id = signIn.session
    const own = (byUser.get(signIn.user) ?? []).filter(({ session }) => session === id)
    yield { what: 'a sign-in', kind: 'session.started', id, least: leastOf([signIn], terms), most: 1 }
    yield { what: 'a sign-out', kind: 'session.ended', id, ...boundsOf(own.filter(isKind('sign-out')), terms) }
    const reuses = own
      .filter(isReuse)
      .filter((reuse) => isFirstEnd(reuse, signIn, byUser.get(signIn.user) ?? []) && !wasGone(signIn, reuse, terms))
    const most = own.filter(({ isLatest }) => isLatest === false).length
    yield { what: 'a reuse', kind: 'refresh.reuse_detected', id, least: leastOf(reuses, terms), most }
  }
}

/** Of a session that had been ended otherwise, nobody can tell that a token of it comes back. */
function isFirstEnd(reuse: Call, signIn: Call, calls: readonly Call[]): boolean {
  return !calls.some((call) => call !== reuse && call.startedAt < reuse.endedAt && mayEnd(call, signIn))
}

/** A session that the store has lost is no session any more whose tokens could be known. */
function wasGone(signIn: Call, reuse: Call, { emptiedAt }: Terms): boolean {
  return emptiedAt !== undefined && signIn.startedAt < emptiedAt && reuse.endedAt > emptiedAt
}

function* countsOfAccounts(calls: readonly Call[], terms: Terms): Generator<Count> {
  const byUser = Map.groupBy(calls, ({ user }) => user)
  for (const [user, id] of terms.accounts) {
    const own = byUser.get(user) ?? []
    const made = own.filter(isKind('sign-up')).filter(succeeded)
    yield { what: 'a sign-up', kind: 'account.registered', id, least: leastOf(made, terms), most: 1 }
    const changes = boundsOf(own.filter(isKind('change-password')), terms)
    yield { what: 'a password change', kind: 'account.password_changed', id, ...changes }
    const ends = boundsOf(own.filter(isKind('sign-out-everywhere')), terms)
    yield { what: 'an end of all sessions', kind: 'session.all_ended', id, ...ends }
  }
}

function isKind(kind: Call['kind']): (call: Call) => boolean {
  return (call) => call.kind === kind
}

/** Each that was acknowledged; and each that may have been carried out. */
function boundsOf(calls: readonly Call[], terms: Terms): Pick<Count, 'least' | 'most'> {
  const most = calls.filter((call) => succeeded(call) || isUncertain(call)).length
  return { least: leastOf(calls.filter(succeeded), terms), most }
}

function leastOf(calls: readonly Call[], terms: Terms): number {
  return calls.filter(({ endedAt }) => !mayBeForgotten(terms, endedAt)).length
}

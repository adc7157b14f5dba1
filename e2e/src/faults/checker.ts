import { succeeded, type Call, type Violation } from './history.ts'

/** An event of the audit log, as far as it is looked at. */
export interface AuditedChange {
  readonly kind: string
  readonly accountId?: string | undefined
  readonly sessionId?: string | undefined
}

/** What a profile promises, where that differs, and what was found in the stores when all was over. */
export interface Terms {
  /** Within what time every node obeys an ending, in milliseconds. */
  readonly boundMs: number
  /** Sessions that began in this time, or were last rotated in it, may be lost: the loss window of a failover. Milliseconds of the same clock. */
  readonly mayLose?: { readonly from: number; readonly to: number } | undefined
  /** Everything may be lost that the session store held: it came back empty. From this moment on. */
  readonly emptiedAt?: number | undefined
  /** The audit log: what happened, to whom. */
  readonly audit: readonly AuditedChange[]
  /** Account ids by user, as far as they are known. */
  readonly accounts: ReadonlyMap<string, string>
}

/** What a history amounts to. */
export interface Verdict {
  readonly violations: readonly Violation[]
  /** Sessions that a failover lost, which its profile allows. */
  readonly lost: number
}

/** Holds a history to the promises. Pure. */
export function checkHistory(calls: readonly Call[], terms: Terms): Verdict {
  const sessions = gatherSessions(calls)
  const lost = new Set<string>()
  const violations = [
    ...checkSuccessors(calls),
    ...checkEndings(calls, sessions, terms),
    ...checkHonest(calls, sessions, terms, lost),
    ...checkOutages(calls),
    ...checkPasswords(calls),
    ...checkAudit(calls, terms),
  ]
  return { violations, lost: lost.size }
}

/** What is known of one session: when it began, and when it was or may have been ended. */
interface KnownSession {
  readonly user: string
  readonly startedAt: number
  readonly signedInAt: number
  /** Answered endings, which hold from then on. */
  readonly ended: readonly { readonly at: number; readonly everywhere: boolean }[]
  /** From when on it may have been ended: an ending was asked for, whatever came of it. */
  readonly maybeEndedFrom: number
}

function gatherSessions(calls: readonly Call[]): ReadonlyMap<string, KnownSession> {
  const known = new Map<string, KnownSession>()
  for (const call of calls) {
    if (call.kind !== 'sign-in' || call.session === undefined || !succeeded(call)) continue
    const endings = calls.filter((other) => mayEnd(other, call))
    const answered = endings.filter((other) => succeeded(other) || isReuse(other))
    known.set(call.session, {
      user: call.user,
      startedAt: call.startedAt,
      signedInAt: call.endedAt,
      ended: answered
        // What ends all sessions ends those that had begun when it was asked for.
        .filter((other) => other.session === call.session || call.endedAt < other.startedAt)
        .map((other) => ({ at: other.endedAt, everywhere: other.everywhere === true })),
      maybeEndedFrom: Math.min(Infinity, ...endings.map((other) => other.startedAt)),
    })
  }
  return known
}

/** Whether a call ends this session, if it does what it was to do. */
function mayEnd(call: Call, signIn: Call): boolean {
  if (call.user !== signIn.user) return false
  if (call.kind === 'sign-out') return call.session === signIn.session
  if (call.kind === 'sign-out-everywhere') return call.keeps !== signIn.session
  if (call.kind === 'change-password') return call.session !== signIn.session
  // An earlier token that comes back ends the session, wherever it was from.
  return call.kind === 'refresh' && call.session === signIn.session && call.isLatest === false
}

/** A token that was no longer the latest, and was refused: the session ends with that answer. */
function isReuse({ kind, isLatest, answer }: Call): boolean {
  return kind === 'refresh' && isLatest === false && answer?.code === 'invalid_grant'
}

/** Each refresh token has at most one successor. */
function checkSuccessors(calls: readonly Call[]): Violation[] {
  const successors = new Map<string, Call>()
  const violations: Violation[] = []
  for (const call of calls) {
    if (call.kind !== 'refresh' || !succeeded(call) || call.presented === undefined) continue
    const earlier = successors.get(call.presented)
    if (earlier === undefined) successors.set(call.presented, call)
    else if (earlier.answer?.token !== call.answer?.token)
      violations.push({ clause: 'one successor', says: 'a refresh token was answered with two different ones', call })
  }
  return violations
}

/** Nothing succeeds after an ending has returned: at the store at once, from memory within the bound. */
function checkEndings(
  calls: readonly Call[],
  sessions: ReadonlyMap<string, KnownSession>,
  { boundMs }: Terms,
): Violation[] {
  const violations: Violation[] = []
  for (const call of calls) {
    if ((call.kind !== 'refresh' && call.kind !== 'check') || !succeeded(call)) continue
    const ended = sessions.get(call.session ?? '')?.ended ?? []
    for (const { at, everywhere } of ended) {
      const allowedUntil = call.kind === 'refresh' || everywhere ? at : at + boundMs
      if (call.startedAt <= allowedUntil) continue
      const late = (call.startedAt - at).toFixed(0)
      violations.push({ clause: 'ended', says: `a ${call.kind} succeeds ${late} ms after its session was ended`, call })
    }
  }
  return violations
}

/** An honest user is not signed out: what was never ended is honoured, or it cannot be told now. */
function checkHonest(
  calls: readonly Call[],
  sessions: ReadonlyMap<string, KnownSession>,
  terms: Terms,
  lost: Set<string>,
): Violation[] {
  const violations: Violation[] = []
  for (const call of calls) {
    if ((call.kind !== 'refresh' && call.kind !== 'check') || !isRefused(call) || call.isLatest !== true) continue
    const session = sessions.get(call.session ?? '')
    if (session === undefined || call.endedAt >= session.maybeEndedFrom) continue
    if (isLost(session, call, terms)) lost.add(call.session ?? '')
    else violations.push({ clause: 'signed out', says: `an honest ${call.kind} is refused`, call })
  }
  return violations
}

/**
 * Whether somebody is told that they are signed out. An access token that has run out, or that by another clock is not yet valid, is what a refresh is
 * for: of those only the word that the session has ended counts.
 */
function isRefused({ kind, presented, answer }: Call): boolean {
  if (answer === undefined) return false
  if (kind === 'check' && presented?.startsWith('cfr_') === true) return answer.code === 'credential_ended'
  return answer.status === 401 || answer.code === 'invalid_grant'
}

function isLost(session: KnownSession, call: Call, { mayLose, emptiedAt }: Terms): boolean {
  if (emptiedAt !== undefined && session.startedAt < emptiedAt && call.endedAt > emptiedAt) return true
  return mayLose !== undefined && session.signedInAt >= mayLose.from && session.startedAt <= mayLose.to
}

/** That it cannot be told takes nothing away, and is said as such. */
function checkOutages(calls: readonly Call[]): Violation[] {
  return calls
    .filter(({ answer }) => answer !== undefined && answer.status >= 500)
    .flatMap((call) => {
      if (call.answer?.clearsCookie === true)
        return [{ clause: 'cannot tell', says: 'an answer that cannot tell takes a cookie away', call }]
      if (call.answer?.status !== 503)
        return [{ clause: 'cannot tell', says: `the answer is ${call.answer?.status}`, call }]
      return []
    })
}

/** The account, and the password that it was given last, stay. */
function checkPasswords(calls: readonly Call[]): Violation[] {
  const violations: Violation[] = []
  for (const call of calls) {
    if (call.kind !== 'sign-in' || !isRefused(call)) continue
    const changes = calls.filter(({ kind, user }) => kind === 'change-password' && user === call.user)
    const made = calls.find(({ kind, user }) => kind === 'sign-up' && user === call.user)
    if (made === undefined || !succeeded(made) || made.endedAt > call.startedAt) continue
    const before = changes.filter((change) => succeeded(change) && change.endedAt < call.startedAt)
    const latest = before.toSorted((one, other) => one.endedAt - other.endedAt).at(-1) ?? made
    const isUncertain = changes.some(
      (change) => change.endedAt > latest.endedAt && change.startedAt < call.endedAt && change !== latest,
    )
    if (!isUncertain && latest.password === call.password)
      violations.push({ clause: 'durable', says: 'the password that was set last does not open the account', call })
  }
  return violations
}

/** Each change that was acknowledged is in the audit log once. */
function checkAudit(calls: readonly Call[], { audit, accounts }: Terms): Violation[] {
  const count = (kind: string, matches: (event: Terms['audit'][number]) => boolean): number =>
    audit.filter((event) => event.kind === kind && matches(event)).length
  const violations: Violation[] = []
  for (const call of calls) {
    if (!succeeded(call)) continue
    if (call.kind === 'sign-in') {
      const events = count('session.started', ({ sessionId }) => sessionId === call.session)
      if (events !== 1)
        violations.push({ clause: 'audit', says: `a sign-in is in the audit log ${events} times`, call })
    }
  }
  for (const [user, accountId] of accounts) {
    const own = calls.filter((call) => call.user === user)
    const registered = count('account.registered', (event) => event.accountId === accountId)
    if (registered !== 1)
      violations.push({ clause: 'audit', says: `a sign-up of ${user} is there ${registered} times` })
    const changes = own.filter(({ kind }) => kind === 'change-password')
    const [least, most] = [
      changes.filter(succeeded).length,
      changes.filter((each) => succeeded(each) || !each.answer || each.answer.status >= 500).length,
    ]
    const changed = count('account.password_changed', (event) => event.accountId === accountId)
    if (changed < least || changed > most)
      violations.push({
        clause: 'audit',
        says: `${least} to ${most} password changes of ${user} are there ${changed} times`,
      })
  }
  return violations
}

import { isToldEnded, isUncertain, succeeded, type Call } from '../history.ts'

/** An ending that holds: from when on, and whether everybody obeyed by then. */
export interface HeldEnding {
  readonly at: number
  readonly everywhere: boolean
  /** Nobody asked for it: it is the word of a node or verifier, for which the session was gone. */
  readonly isTold: boolean
}

/** What the history tells of one session: when it began, and when it was or may have been ended. */
export interface KnownSession {
  readonly id: string
  readonly startedAt: number
  readonly signedInAt: number
  /** Answered endings, and answers that took it for ended: whoever has said so once must say so ever after. */
  readonly ended: readonly HeldEnding[]
  /** From when on it may have been ended: an ending was asked for, whatever came of it. */
  readonly maybeEndedFrom: number
}

/** All sessions whose sign-in was answered, by their ids. */
export function gatherSessions(calls: readonly Call[]): ReadonlyMap<string, KnownSession> {
  const byUser = Map.groupBy(calls, ({ user }) => user)
  const known = new Map<string, KnownSession>()
  for (const call of calls) {
    if (call.kind !== 'sign-in' || call.session === undefined || !succeeded(call)) continue
    known.set(call.session, describe(call.session, call, byUser.get(call.user) ?? []))
  }
  return known
}

function describe(id: string, signIn: Call, calls: readonly Call[]): KnownSession {
  const endings = calls.filter((call) => mayEnd(call, signIn))
  const answered = endings
    .filter((call) => (call.kind === 'refresh' ? isReuse(call) : succeeded(call)))
    // What ends all sessions ends those that had begun when it was asked for.
    .filter((call) => call.session === id || signIn.endedAt < call.startedAt)
    .map((call) => ({ at: call.endedAt, everywhere: call.everywhere === true, isTold: false }))
  const told = calls
    .filter((call) => call.session === id && call.isLatest === true && isToldEnded(call))
    .map((call) => ({ at: call.endedAt, everywhere: false, isTold: true }))
  return {
    id,
    startedAt: signIn.startedAt,
    signedInAt: signIn.endedAt,
    ended: [...answered, ...told],
    maybeEndedFrom: Math.min(Infinity, ...endings.map(({ startedAt }) => startedAt)),
  }
}

/** Whether a call ends this session, if it does what it was to do; what was over before the sign-in does not. */
export function mayEnd(call: Call, signIn: Call): boolean {
  if (call.user !== signIn.user || (!isUncertain(call) && call.endedAt < signIn.startedAt)) return false
  switch (call.kind) {
    case 'sign-out':
      return call.session === signIn.session
    case 'sign-out-everywhere':
      return call.keeps === undefined || call.keeps !== signIn.session
    case 'change-password':
      return call.session !== signIn.session
    case 'refresh':
      // An earlier token that comes back ends the session, wherever it was from.
      return call.session === signIn.session && call.isLatest === false
    default:
      return false
  }
}

/** A token that was spent long ago, and was refused: the session ends with that answer. */
export function isReuse(call: Call): boolean {
  return call.kind === 'refresh' && call.isLatest === false && isToldEnded(call)
}

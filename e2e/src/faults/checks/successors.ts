import { succeeded, type Call, type Violation } from '../history.ts'

/** Each refresh token has at most one successor: all who got one got the same, to the byte. */
export function checkSuccessors(calls: readonly Call[]): Violation[] {
  const successors = new Map<string, string | undefined>()
  const violations: Violation[] = []
  for (const call of calls) {
    if (call.kind !== 'refresh' || !succeeded(call) || call.presented === undefined) continue
    const token = call.answer?.token
    if (!successors.has(call.presented)) successors.set(call.presented, token)
    else if (successors.get(call.presented) !== token)
      violations.push({ clause: 'one successor', says: 'a refresh token was answered with two different ones', call })
  }
  return violations
}

import { isUncertain, type Call, type Violation } from '../history.ts'

/** When all is healed everybody gets an answer again: the last sign-in of each user, which is made when all is over, has one. */
export function checkRecovery(calls: readonly Call[]): Violation[] {
  const signIns = calls.filter(({ kind }) => kind === 'sign-in')
  const violations: Violation[] = []
  for (const own of Map.groupBy(signIns, ({ user }) => user).values()) {
    const call = own.at(-1)
    if (call !== undefined && isUncertain(call))
      violations.push({ clause: 'recovery', says: 'there is no answer although all is healed', call })
  }
  return violations
}

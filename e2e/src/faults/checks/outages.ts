import { type Call, type Violation } from '../history.ts'

/** That it cannot be told takes nothing away, and is said as such: by 503 and by nothing else. */
export function checkOutages(calls: readonly Call[]): Violation[] {
  const violations: Violation[] = []
  for (const call of calls) {
    const { status = 0, clearsCookie = false } = call.answer ?? {}
    if (status < 500) continue
    if (clearsCookie)
      violations.push({ clause: 'cannot tell', says: 'an answer that cannot tell takes a cookie away', call })
    if (status !== 503) violations.push({ clause: 'cannot tell', says: `the answer is ${status}`, call })
  }
  return violations
}

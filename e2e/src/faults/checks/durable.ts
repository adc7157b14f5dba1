import { isUncertain, succeeded, type Call, type Violation } from '../history.ts'
import { mayBeDropped, mayBeForgotten, type Terms } from './terms.ts'

/** Violations, and changes of accounts that a failover lost, which its profile allows. */
export interface DurableVerdict {
  readonly violations: readonly Violation[]
  readonly lost: number
}

/** What was acknowledged stays: the account, the password that it was given last, and the data of a session. */
export function checkDurable(calls: readonly Call[], terms: Terms): DurableVerdict {
  const violations: Violation[] = []
  const lost = new Set<Call>()
  for (const own of Map.groupBy(calls, ({ user }) => user).values()) {
    for (const call of own) {
      const forgotten = forgottenBy(call, own)
      if (forgotten === undefined) continue
      if (mayBeForgotten(terms, forgotten.endedAt)) lost.add(forgotten)
      else
        violations.push({ clause: 'durable', says: 'the password that was set last does not open the account', call })
    }
    violations.push(...checkData(own, terms))
  }
  return { violations, lost: lost.size }
}

/** The sign-up or the password change that this refused sign-in shows to be lost. */
function forgottenBy(call: Call, own: readonly Call[]): Call | undefined {
  if (call.kind !== 'sign-in' || call.answer?.status !== 401) return undefined
  const changes = own.filter(({ kind }) => kind === 'change-password' || kind === 'sign-up')
  const latest = changes
    .filter((change) => succeeded(change) && change.endedAt < call.startedAt)
    .toSorted((one, other) => one.endedAt - other.endedAt)
    .at(-1)
  if (latest === undefined || latest.password !== call.password) return undefined
  // One that nobody answered may have been carried out, whenever.
  const isUndecided = changes.some((change) => change !== latest && mayFollow(change, latest, call))
  return isUndecided ? undefined : latest
}

function mayFollow(change: Call, latest: Call, call: Call): boolean {
  return change.startedAt < call.endedAt && (change.endedAt > latest.endedAt || isUncertain(change))
}

function checkData(own: readonly Call[], terms: Terms): Violation[] {
  const violations: Violation[] = []
  const writes = own.filter(({ kind }) => kind === 'write')
  for (const call of own) {
    if (call.kind !== 'read' || !(succeeded(call) || call.answer?.status === 404)) continue
    const mine = writes.filter(({ session }) => session === call.session)
    const kept = mine.filter((write) => succeeded(write) && write.endedAt < call.startedAt)
    const latest = kept.at(-1)
    const value = call.value ?? 0
    if (
      value > Math.max(0, ...mine.filter(({ startedAt }) => startedAt < call.endedAt).map((write) => write.value ?? 0))
    )
      violations.push({ clause: 'durable', says: 'data is read that nobody has written', call })
    else if (
      value < (latest?.value ?? 0) &&
      !(latest !== undefined && mayBeDropped(terms, latest.startedAt, latest.endedAt))
    )
      violations.push({
        clause: 'durable',
        says: `data is read as ${value} that was written as ${latest?.value}`,
        call,
      })
  }
  return violations
}

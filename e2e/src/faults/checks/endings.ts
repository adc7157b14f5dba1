import { succeeded, type Call, type CallKind, type Violation } from '../history.ts'
import type { HeldEnding, KnownSession } from './known-sessions.ts'
import { mayBeDropped, mayBeForgotten, type Terms } from './terms.ts'

/** What is answered from memory, under a lease; everything else asks the stores. */
const FROM_MEMORY: ReadonlySet<CallKind> = new Set(['check', 'verify'])
const BY_SESSION: ReadonlySet<CallKind> = new Set([...FROM_MEMORY, 'refresh', 'read', 'write'])

/** Violations, and endings that a failover lost, which its profile allows. */
export interface EndingsVerdict {
  readonly violations: readonly Violation[]
  readonly lost: number
}

/** Nothing succeeds after an ending has returned: at the store at once, from memory within the bound, or at once where the ending waited for everybody. */
export function checkEndings(
  calls: readonly Call[],
  sessions: ReadonlyMap<string, KnownSession>,
  terms: Terms,
): EndingsVerdict {
  const violations: Violation[] = []
  const lost = new Set<HeldEnding>()
  for (const call of calls) {
    if (!BY_SESSION.has(call.kind) || !succeeded(call)) continue
    const session = sessions.get(call.session ?? '')
    for (const ending of session?.ended ?? []) {
      if (call.startedAt <= allowedUntil(call, ending, terms)) continue
      // What a store has lost was ended by nobody: who need not ask it does not know.
      if (ending.isTold && session !== undefined && mayBeDropped(terms, session.startedAt, session.signedInAt)) continue
      if (mayBeForgotten(terms, ending.at)) lost.add(ending)
      else violations.push(violationOf(call, ending))
    }
  }
  return { violations, lost: lost.size }
}

function allowedUntil({ kind }: Call, { at, everywhere }: HeldEnding, { boundMs }: Terms): number {
  return everywhere || !FROM_MEMORY.has(kind) ? at : at + boundMs
}

function violationOf(call: Call, { at, everywhere }: HeldEnding): Violation {
  const late = (call.startedAt - at).toFixed(1)
  const whose = everywhere ? 'everybody had obeyed its end' : 'its session was ended'
  return { clause: 'ended', says: `a ${call.kind} succeeds ${late} ms after ${whose}`, call }
}

import type { LeaseAnswer, LogHead, Revocation } from '@counterfoil/protocol'
import type { RevocationLog } from '../stores/revocation-log.ts'

/** Records in one answer at most: some hundred kilobytes. */
export const MOST_RECORDS = 5000

/** What an answer is made of besides the log. Durations in milliseconds. */
export interface LeaseTerms {
  readonly leaseMs: number
  readonly retainMs: number
  /** Records that were decided before this instant are left out of a snapshot; how that is judged may be wrong without harm. */
  readonly oldBefore: number
}

/** What the log has after this position, in as few records as one answer takes. */
type Reading = { readonly records: readonly Revocation[]; readonly head: LogHead } | 'compacted'

/** Whether a verifier can go on from where it is: it followed this log, and everything after that is still there. */
function continues(reading: Reading, applied: LogHead): reading is Exclude<Reading, 'compacted'> {
  return (
    reading !== 'compacted' &&
    reading.head.incarnation === applied.incarnation &&
    reading.head.position >= applied.position
  )
}

/** Answers a request for a lease: what is new since `applied`, or a snapshot when that cannot be served. */
export async function answerLease(
  log: RevocationLog,
  applied: LogHead | undefined,
  terms: LeaseTerms,
): Promise<LeaseAnswer> {
  if (applied !== undefined) {
    const reading = await log.read(applied.position, MOST_RECORDS)
    if (continues(reading, applied)) return answerOf(reading, applied.position, terms, undefined)
  }
  return snapshot(log, terms)
}

/** A lease is granted only on a view that is complete: while there is more to fetch, its length is 0. */
function answerOf(
  { records, head }: Exclude<Reading, 'compacted'>,
  after: number,
  { leaseMs, retainMs }: LeaseTerms,
  floor: number | undefined,
): LeaseAnswer {
  const position = after + records.length
  const isComplete = position === head.position
  return { head: { ...head, position }, leaseMs: isComplete ? leaseMs : 0, retainMs, records, floor }
}

async function snapshot(log: RevocationLog, terms: LeaseTerms): Promise<LeaseAnswer> {
  // The log may be compacted between a look and the next: then the search begins again, further on.
  for (;;) {
    const floor = await findFloor(log, terms.oldBefore)
    const reading = await log.read(floor, MOST_RECORDS)
    if (reading !== 'compacted') return answerOf(reading, floor, terms, floor)
  }
}

/**
 * A position up to which all records are old, found by halving: the instants of records hardly ever go back. Nothing leans on them: a token
 * from before the floor of a view is not judged by that view.
 */
async function findFloor(log: RevocationLog, oldBefore: number): Promise<number> {
  let high = (await log.head()).position
  let low = await firstReadable(log, high)
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const reading = await log.read(middle, 1)
    if (reading === 'compacted' || (reading.records[0]?.at ?? 0) < oldBefore) low = middle + 1
    else high = middle
  }
  return low
}

/** The smallest position that can be read from. */
export async function firstReadable(log: RevocationLog, head: number): Promise<number> {
  let low = 0
  let high = head
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((await log.read(middle, 1)) === 'compacted') low = middle + 1
    else high = middle
  }
  return low
}

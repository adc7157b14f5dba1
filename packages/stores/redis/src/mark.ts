/** What is remembered of one primary. */
export interface PrimaryMark {
  /** Redis's replication id: another after a restart or a failover. */
  readonly replication: string
  /** What a counter on that primary was named when it began: another after all was thrown away. */
  readonly counter: string
  /** How far it had come: less after a memory of the past was loaded. */
  readonly count: number
}

/** What must still hold for nothing to have been lost: by a hash tag of each primary. */
export interface Mark {
  /** How many repairs there have been, on whichever node. */
  readonly repairs: number
  readonly primaries: Readonly<Record<string, PrimaryMark>>
}

/** What shows that writes were, or may have been, lost. */
export type RollbackSign = 'replication-id' | 'counter'

/** The sign that a primary gives as it is seen now, or undefined when it goes on where it was. */
export function findRollback(mark: Mark, tag: string, seen: PrimaryMark): RollbackSign | undefined {
  const known = Object.values(mark.primaries)
  if (!known.some(({ replication }) => replication === seen.replication)) return 'replication-id'
  const before = mark.primaries[tag]
  if (before === undefined) return undefined
  return before.counter === seen.counter && before.count < seen.count ? undefined : 'counter'
}

/** The same in words, for the audit log. */
export function describeRollback(name: string, sign: RollbackSign): string {
  return sign === 'counter' ? `${name} holds what it held earlier, or nothing` : `${name} restarted, or took over`
}

/** The mark in a text; undefined for what no mark of ours looks like. */
export function readMark(text: string | undefined): Mark | undefined {
  if (text === undefined) return undefined
  try {
    const mark: unknown = JSON.parse(text)
    return isMark(mark) ? mark : undefined
  } catch {
    return undefined
  }
}

function isMark(mark: unknown): mark is Mark {
  if (typeof mark !== 'object' || mark === null || !('repairs' in mark) || !('primaries' in mark)) return false
  const { repairs, primaries } = mark
  return typeof repairs === 'number' && typeof primaries === 'object' && primaries !== null
}

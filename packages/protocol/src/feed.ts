import type { AccountId, ApplicationId, KeyId, SessionId } from './ids.ts'
import type { LogHead, Revocation } from './revocation.ts'

/** By how much the rate of a clock may be wrong: ρ of the guarantee. No clock needs to be right. */
export const CLOCK_RATE_ERROR = 0.001

/** Within what time a verifier of this lease obeys a revocation that has committed, in milliseconds: `τ/(1−ρ)`. */
export function boundMs(leaseMs: number): number {
  return leaseMs / (1 - CLOCK_RATE_ERROR)
}

/** How long an authority waits, by its own clock, until a lease that it may have granted is surely over: `τ(1+ρ)/(1−ρ)`. */
export function patienceMs(leaseMs: number): number {
  return (leaseMs * (1 + CLOCK_RATE_ERROR)) / (1 - CLOCK_RATE_ERROR)
}

/** What a verifier sends for a lease: who it is, and how far it has applied which log; nothing of that when it starts. */
export interface LeaseRequest {
  /** 128 random bits of this follower, not of the service: every view of its own is a verifier of its own. */
  readonly verifier: string
  readonly applied: LogHead | undefined
}

/** What an authority answers. */
export interface LeaseAnswer {
  /** As far as this answer reaches: the verifier holds a lease once it has applied everything up to here. */
  readonly head: LogHead
  /** Length of the lease, from before the request was sent; 0 when there is more to fetch first. */
  readonly leaseMs: number
  /** How long a record can still matter after it was applied. */
  readonly retainMs: number
  /** In order and without gaps: after what the verifier has applied, or after `floor`. */
  readonly records: readonly Revocation[]
  /** Present in a snapshot: what was applied before is void, and records up to here are left out, because they are old. */
  readonly floor: number | undefined
}

/** What an authority pushes: records after the position `after`. */
export interface Push {
  readonly head: LogHead
  readonly after: number
  readonly records: readonly Revocation[]
}

/** Names of server-sent events of the push channel. */
export const FEED_EVENTS = {
  /** A `Push`. */
  records: 'records',
  /** Somebody waits for everybody: ask for a lease now. */
  renew: 'renew',
  /** The position that was asked for cannot be served: ask for a lease, and come back. */
  resync: 'resync',
} as const

const ID = /^[A-Za-z0-9_-]{21}[AQgw]$/
const MAX_KEY_ID = 200

type Wire = Readonly<Record<string, unknown>>

/** A record on the wire. */
export function wireOfRevocation(record: Revocation): Wire {
  const { position, kind, at } = record
  switch (record.kind) {
    case 'session':
      return { position, kind, at, session_id: record.sessionId }
    case 'account':
      return { position, kind, at, account_id: record.accountId, generation: record.generation, keep: record.keep }
    case 'client':
      return { position, kind, at, client_id: record.applicationId, generation: record.generation }
    case 'key':
      return { position, kind, at, kid: record.keyId }
    case 'changed':
      return { position, kind, at, subject: record.subject }
  }
}

/** A lease answer on the wire. */
export function wireOfLease({ head, leaseMs, retainMs, records, floor }: LeaseAnswer): Wire {
  const times = { lease_ms: leaseMs, retain_ms: retainMs }
  return { incarnation: head.incarnation, head: head.position, ...times, floor, records: records.map(wireOfRevocation) }
}

/** Pushed records on the wire. */
export function wireOfPush({ head, after, records }: Push): Wire {
  return { incarnation: head.incarnation, after, head: head.position, records: records.map(wireOfRevocation) }
}

function isObject(value: unknown): value is Wire {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A whole number from 0 on, as positions and generations are. */
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < 2 ** 31
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value)
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_KEY_ID
}

/** The record in a JSON value, or undefined when it is none: a record that is not understood must not be passed over. */
export function readRevocation(value: unknown): Revocation | undefined {
  if (!isObject(value)) return undefined
  const { position, at, kind, generation, keep } = value
  if (!isCount(position) || typeof at !== 'number') return undefined
  const common = { position, at }
  switch (kind) {
    case 'session':
      return isId(value['session_id']) ? { ...common, kind, sessionId: value['session_id'] as SessionId } : undefined
    case 'account':
      if (!isId(value['account_id']) || !isCount(generation)) return undefined
      if (keep !== undefined && !isId(keep)) return undefined
      return {
        ...common,
        kind,
        accountId: value['account_id'] as AccountId,
        generation,
        keep: keep as SessionId | undefined,
      }
    case 'client':
      if (!isName(value['client_id']) || !isCount(generation)) return undefined
      return { ...common, kind, applicationId: value['client_id'] as ApplicationId, generation }
    case 'key':
      return isName(value['kid']) ? { ...common, kind, keyId: value['kid'] as KeyId } : undefined
    case 'changed':
      return isId(value['subject'])
        ? { ...common, kind, subject: value['subject'] as AccountId | SessionId }
        : undefined
    default:
      return undefined
  }
}

/** The records in a JSON value, or undefined unless they are records that follow one another after `after`, up to `head`. */
function readRecords(value: unknown, after: number, head: number): Revocation[] | undefined {
  if (!Array.isArray(value) || value.length !== head - after) return undefined
  const records: Revocation[] = []
  for (const each of value) {
    const record = readRevocation(each)
    if (record?.position !== after + records.length + 1) return undefined
    records.push(record)
  }
  return records
}

/** The lease answer in a JSON value, or undefined when it is none. `after` is what was asked for. */
export function readLease(value: unknown, after: number | undefined): LeaseAnswer | undefined {
  if (!isObject(value)) return undefined
  const { incarnation, head, floor, lease_ms: leaseMs, retain_ms: retainMs } = value
  if (!isName(incarnation) || !isCount(head) || !isDuration(leaseMs) || !isDuration(retainMs)) return undefined
  if (floor !== undefined && !isCount(floor)) return undefined
  const from = floor ?? after
  const records = from === undefined ? undefined : readRecords(value['records'], from, head)
  return records && { head: { incarnation, position: head }, leaseMs, retainMs, records, floor }
}

/** The pushed records in a JSON value, or undefined when it holds none. */
export function readPush(value: unknown): Push | undefined {
  if (!isObject(value)) return undefined
  const { incarnation, head, after } = value
  if (!isName(incarnation) || !isCount(head) || !isCount(after)) return undefined
  const records = readRecords(value['records'], after, head)
  return records && { head: { incarnation, position: head }, after, records }
}

const MARK = 8

/**
 * How tokens name a place in the log (claim `log_position`): as far as the issuer had followed it when it last looked whether the session
 * stands. Records up to there cannot concern the token, so a view that has let go of older ones can still judge it; this is what makes
 * the guarantee independent of every wall clock. The incarnation is cut to 48 bits: enough to tell two logs apart.
 */
export function markPosition({ incarnation, position }: LogHead): string {
  return `${incarnation.slice(0, MARK)}.${String(position)}`
}

/** The position in a mark, if it is one of this incarnation. */
export function positionOfMark(mark: string, incarnation: string): number | undefined {
  if (!mark.startsWith(incarnation.slice(0, MARK)) || mark.charAt(MARK) !== '.') return undefined
  return Number(mark.slice(MARK + 1))
}

/** Whether a text is such a mark. */
export function isMark(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{8}\.(?:0|[1-9]\d{0,14})$/.test(value)
}

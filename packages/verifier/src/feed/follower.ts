import {
  type LeaseAnswer,
  type LogHead,
  type Push,
  type Revocation,
  elapsedMs,
  type Instant,
} from '@counterfoil/protocol'

/** How a follower goes about it. */
export interface FollowerSettings {
  /** `background` renews by itself and listens to the push channel; `on-demand` asks when somebody wants to know. */
  readonly mode: 'background' | 'on-demand'
  /** How long an answer may take. */
  readonly timeoutMs: number
}

/** The right to decide: on a view that is complete up to `since`, for `lengthMs` from then on. */
export interface Lease {
  readonly since: Instant
  readonly lengthMs: number
}

/** A request that is under way. `since` was read before it was sent. */
interface Asking {
  readonly id: number
  readonly since: Instant
  readonly applied: LogHead | undefined
}

/** The push channel: closed, or the number of the one that is open or being opened. */
interface Channel {
  readonly id: number
  readonly state: 'closed' | 'opening' | 'open'
  readonly failures: number
  /** Not opened before this instant of the monotonic clock. */
  readonly retryAt: number
}

/** All that a follower knows of how it stands. The records themselves are in its view. */
export interface FollowerState {
  readonly settings: FollowerSettings
  readonly applied: LogHead | undefined
  readonly lease: Lease | undefined
  /** What the authority said last: how long a lease is, and how long records matter. */
  readonly leaseMs: number | undefined
  readonly retainMs: number
  readonly asking: Asking | undefined
  /** Somebody wants to know how far this follower is: ask again when the present request is answered. */
  readonly askAgain: boolean
  readonly asked: number
  readonly failures: number
  readonly error: string | undefined
  /** Not asked before this instant of the monotonic clock. */
  readonly retryAt: number
  readonly channel: Channel
  readonly gaps: number
  readonly snapshots: number
}

/** What happens to a follower. */
export type FeedEvent =
  /** Time has passed. */
  | { readonly kind: 'tick' }
  /** Somebody wants to decide, and has no lease to do it by. */
  | { readonly kind: 'wanted' }
  /** An answer that could be read; undefined: it could not. */
  | { readonly kind: 'answered'; readonly id: number; readonly answer: LeaseAnswer | undefined }
  | { readonly kind: 'failed'; readonly id: number; readonly error: string }
  | { readonly kind: 'channel-opened'; readonly channel: number }
  | { readonly kind: 'channel-closed'; readonly channel: number; readonly error: string }
  /** Undefined: what was pushed could not be read, or says that it does not continue. */
  | { readonly kind: 'pushed'; readonly channel: number; readonly push: Push | undefined }
  /** The authority wants to know how far this follower is. */
  | { readonly kind: 'renew'; readonly channel: number }

/** What is to be done about it, in order. */
export type FeedEffect =
  | { readonly kind: 'reset'; readonly head: LogHead }
  | { readonly kind: 'apply'; readonly records: readonly Revocation[]; readonly by: 'push' | 'lease' }
  /** Send a request now. */
  | { readonly kind: 'ask'; readonly id: number; readonly applied: LogHead | undefined }
  | { readonly kind: 'open-channel'; readonly channel: number; readonly after: LogHead }
  | { readonly kind: 'close-channel'; readonly channel: number }
  /** A request has been answered, or has failed: whoever waited for it looks again. */
  | { readonly kind: 'settled' }

/** A state and what leads there. */
export interface Step {
  readonly state: FollowerState
  readonly effects: readonly FeedEffect[]
}

/** A lease is renewed when this part of it is over: then one that fails can be tried again in time. */
const RENEW_AT = 0.4
const FIRST_RETRY_MS = 50
const LONGEST_RETRY_MS = 2000
/** … and in any case within this part of a lease. */
const RETRY_WITHIN = 0.1
/** Before the first answer nobody knows how long a lease is. */
const UNKNOWN_LEASE_MS = 5000

/** A follower that has not heard anything yet. */
export function newFollower(settings: FollowerSettings): FollowerState {
  return {
    settings,
    applied: undefined,
    lease: undefined,
    leaseMs: undefined,
    retainMs: 0,
    asking: undefined,
    askAgain: false,
    asked: 0,
    failures: 0,
    error: undefined,
    retryAt: -Infinity,
    channel: { id: 0, state: 'closed', failures: 0, retryAt: -Infinity },
    gaps: 0,
    snapshots: 0,
  }
}

/** Whether the follower may decide now, by what it has applied. */
export function holdsLease({ lease }: Pick<FollowerState, 'lease'>, now: Instant): boolean {
  return lease !== undefined && elapsedMs(lease.since, now) < lease.lengthMs
}

/** Moves a follower on. Pure: what has to be done is in `effects`. */
export function applyFeedEvent(before: FollowerState, event: FeedEvent, now: Instant): Step {
  const { state, effects } = settle(before, event, now)
  const asking = askIfDue(state, event, now)
  const opening = openIfDue(asking.state, now)
  return { state: opening.state, effects: [...effects, ...asking.effects, ...opening.effects] }
}

/** When the follower wants to be told that time has passed, on the monotonic clock. What is due already is due in a moment, never forgotten. */
export function nextTickAt(state: FollowerState, now: Instant): number {
  const { settings, asking, lease, channel, retryAt, applied } = state
  const soon = now.monotonic + 1
  const times = [now.monotonic + UNKNOWN_LEASE_MS]
  if (lease !== undefined && holdsLease(state, now))
    times.push(Math.max(soon, now.monotonic + lease.lengthMs - elapsedMs(lease.since, now)))
  if (asking !== undefined) times.push(Math.max(soon, asking.since.monotonic + settings.timeoutMs))
  else if (settings.mode === 'background') times.push(Math.max(soon, retryAt, renewAt(state, now)))
  if (settings.mode === 'background' && channel.state === 'closed' && applied !== undefined)
    times.push(Math.max(soon, channel.retryAt))
  return Math.min(...times)
}

function renewAt({ lease }: FollowerState, now: Instant): number {
  if (lease === undefined) return now.monotonic
  return now.monotonic + Math.max(0, lease.lengthMs * RENEW_AT - elapsedMs(lease.since, now))
}

const still = (state: FollowerState): Step => ({ state, effects: [] })

function settle(state: FollowerState, event: FeedEvent, now: Instant): Step {
  switch (event.kind) {
    case 'tick':
    case 'wanted':
      return giveUpIfLate(state, now)
    case 'answered':
      return event.id === state.asking?.id ? takeAnswer(state, state.asking, event.answer, now) : still(state)
    case 'failed':
      return event.id === state.asking?.id ? fail(state, event.error, now) : still(state)
    case 'channel-opened':
      return isOf(state, event.channel)
        ? still({ ...state, channel: { ...state.channel, state: 'open' } })
        : still(state)
    case 'channel-closed':
      return isOf(state, event.channel) ? still({ ...state, channel: closed(state, now) }) : still(state)
    case 'renew':
      return isOf(state, event.channel) ? still({ ...state, askAgain: true }) : still(state)
    case 'pushed':
      return isOf(state, event.channel) ? takePush(state, event.push, now) : still(state)
  }
}

/** What an earlier channel still says is old. */
function isOf({ channel }: FollowerState, id: number): boolean {
  return channel.id === id && channel.state !== 'closed'
}

function giveUpIfLate(state: FollowerState, now: Instant): Step {
  const isLate = state.asking !== undefined && elapsedMs(state.asking.since, now) >= state.settings.timeoutMs
  return isLate ? fail(state, 'the authority did not answer in time', now) : still(state)
}

function fail(state: FollowerState, error: string, now: Instant): Step {
  const failures = state.failures + 1
  const retryAt = now.monotonic + pauseMs(state, failures)
  return { state: { ...state, asking: undefined, failures, error, retryAt }, effects: [{ kind: 'settled' }] }
}

/** An answer that cannot be followed is as none, and the next request begins at the beginning. */
function refuseAnswer(state: FollowerState, error: string, now: Instant): Step {
  return fail({ ...state, gaps: state.gaps + 1, applied: undefined, lease: undefined }, error, now)
}

function takeAnswer(state: FollowerState, asking: Asking, answer: LeaseAnswer | undefined, now: Instant): Step {
  if (answer === undefined) return refuseAnswer(state, 'the answer to a request for a lease cannot be read', now)
  if (answer.floor !== undefined) return takeSnapshot(state, asking, answer, answer.floor)
  const { applied } = state
  // Rule 6: a position means something in its own log only.
  if (applied === undefined || applied.incarnation !== answer.head.incarnation)
    return refuseAnswer(state, 'the answer is about another log than was asked for', now)
  const fresh = answer.records.filter(({ position }) => position > applied.position)
  const head = answer.head.position > applied.position ? answer.head : applied
  const effects: FeedEffect[] = fresh.length > 0 ? [{ kind: 'apply', records: fresh, by: 'lease' }] : []
  return granted({ ...state, applied: head }, asking, answer, effects)
}

function takeSnapshot(state: FollowerState, asking: Asking, answer: LeaseAnswer, floor: number): Step {
  const { head, records } = answer
  const effects: FeedEffect[] = [
    { kind: 'reset', head: { incarnation: head.incarnation, position: floor } },
    { kind: 'apply', records, by: 'lease' },
  ]
  const { channel } = state
  if (channel.state !== 'closed') effects.push({ kind: 'close-channel', channel: channel.id })
  const anew = { ...channel, state: 'closed', retryAt: -Infinity } as const
  return granted(
    { ...state, applied: head, lease: undefined, channel: anew, snapshots: state.snapshots + 1 },
    asking,
    answer,
    effects,
  )
}

/**
 * The lease begins when its request was about to be sent, never when the answer came: that can have lain in a buffer, or before a stopped
 * process, for any time. A length of 0 says that there is more to fetch.
 */
function granted(state: FollowerState, { since }: Asking, answer: LeaseAnswer, effects: FeedEffect[]): Step {
  const { leaseMs, retainMs } = answer
  const heard = { asking: undefined, failures: 0, error: undefined, retryAt: -Infinity, retainMs }
  effects.push({ kind: 'settled' })
  if (leaseMs === 0) return { state: { ...state, ...heard, askAgain: true }, effects }
  return { state: { ...state, ...heard, leaseMs, lease: { since, lengthMs: leaseMs } }, effects }
}

function takePush(state: FollowerState, push: Push | undefined, now: Instant): Step {
  const { applied, channel } = state
  if (push === undefined || applied === undefined || push.after > applied.position) return loseTrack(state, now)
  // Another log: what is applied may lack what was lost there, and what is new here. No decision until a new lease is held.
  if (push.head.incarnation !== applied.incarnation) return loseTrack({ ...state, lease: undefined }, now)
  const fresh = push.records.filter(({ position }) => position > applied.position)
  const heard = { ...state, channel: { ...channel, state: 'open', failures: 0 } } as const
  if (fresh.length === 0) return still(heard)
  return { state: { ...heard, applied: push.head }, effects: [{ kind: 'apply', records: fresh, by: 'push' }] }
}

/** What is pushed does not continue what is applied. The lease stands, since nothing of it rests on pushes; the rest comes with the next one. */
function loseTrack(state: FollowerState, now: Instant): Step {
  const effects: FeedEffect[] = [{ kind: 'close-channel', channel: state.channel.id }]
  return { state: { ...state, gaps: state.gaps + 1, askAgain: true, channel: closed(state, now) }, effects }
}

/** How long to pause after so many failures in a row. */
function pauseMs({ leaseMs = UNKNOWN_LEASE_MS }: FollowerState, failures: number): number {
  return Math.min(LONGEST_RETRY_MS, leaseMs * RETRY_WITHIN, FIRST_RETRY_MS * 2 ** Math.min(failures, 10))
}

function closed(state: FollowerState, now: Instant): Channel {
  const { channel } = state
  const failures = channel.failures + 1
  const retryAt = now.monotonic + pauseMs(state, failures)
  return { ...channel, state: 'closed', failures, retryAt }
}

function askIfDue(state: FollowerState, event: FeedEvent, now: Instant): Step {
  if (state.asking !== undefined || now.monotonic < state.retryAt) return still(state)
  const isDue =
    state.askAgain ||
    (state.settings.mode === 'background'
      ? renewAt(state, now) <= now.monotonic
      : event.kind === 'wanted' && !holdsLease(state, now))
  if (!isDue) return still(state)
  const id = state.asked + 1
  const { applied } = state
  const asking = { id, since: now, applied }
  return { state: { ...state, asking, asked: id, askAgain: false }, effects: [{ kind: 'ask', id, applied }] }
}

function openIfDue(state: FollowerState, now: Instant): Step {
  const { settings, channel, applied } = state
  if (settings.mode !== 'background' || channel.state !== 'closed') return still(state)
  if (applied === undefined || now.monotonic < channel.retryAt) return still(state)
  const id = channel.id + 1
  return {
    state: { ...state, channel: { ...channel, id, state: 'opening' } },
    effects: [{ kind: 'open-channel', channel: id, after: applied }],
  }
}

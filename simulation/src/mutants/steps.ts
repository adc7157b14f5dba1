import {
  applyFeedEvent,
  Following,
  type FeedEvent,
  type FollowerState,
  type Instant,
  type Step,
} from '@counterfoil/verifier/feed'
import type { Mutant } from '../mutant.ts'

type StepBy = (state: FollowerState, event: FeedEvent, now: Instant) => Step

/** A follower that is moved on by a wrong function. */
function stepBy(step: StepBy): Required<Pick<Mutant, 'follow'>> {
  return { follow: (parts) => new Following({ ...parts, step }) }
}

/** As production does, with a lease that begins now whenever `event` has brought something. */
function renewAtOnce(isRenewed: (state: FollowerState, after: Step, event: FeedEvent) => boolean): StepBy {
  return (state, event, now) => {
    const step = applyFeedEvent(state, event, now)
    const { lease } = step.state
    if (lease === undefined || !isRenewed(state, step, event)) return step
    return { ...step, state: { ...step.state, lease: { ...lease, since: now } } }
  }
}

/** Mistakes of the state machine that follows. */
export const STEP_MUTANTS: readonly Mutant[] = [
  {
    name: 'lease-from-receive-time',
    says: 'a lease begins when its answer arrives',
    ...stepBy(renewAtOnce((before, { state }) => state.lease !== before.lease)),
  },
  {
    name: 'push-renews-the-lease',
    says: 'a pushed record is taken for a new lease',
    ...stepBy(
      renewAtOnce((_, { effects }, event) => event.kind === 'pushed' && effects.some(({ kind }) => kind === 'apply')),
    ),
  },
  {
    name: 'pushes-ignored',
    says: 'what is pushed is not applied before the next lease',
    ...stepBy((state, event, now) =>
      event.kind === 'pushed' ? { state, effects: [] } : applyFeedEvent(state, event, now),
    ),
  },
  {
    name: 'renew-event-renews-the-lease',
    says: 'to be told that somebody waits is taken for a new lease',
    ...stepBy(renewAtOnce((_state, _after, event) => event.kind === 'renew')),
  },
  {
    name: 'late-answer-taken',
    says: 'the answer to a request that was given up counts from the start of the next one',
    ...stepBy((state, event, now) =>
      applyFeedEvent(state, event.kind === 'answered' ? { ...event, id: state.asking?.id ?? event.id } : event, now),
    ),
  },
  {
    name: 'partial-answer-taken-as-complete',
    says: 'an answer without a lease, because there is more to fetch, renews the lease',
    ...stepBy((state, event, now) => {
      if (event.kind !== 'answered' || event.answer?.leaseMs !== 0) return applyFeedEvent(state, event, now)
      const leaseMs = state.leaseMs ?? 1000
      return applyFeedEvent(state, { ...event, answer: { ...event.answer, leaseMs } }, now)
    }),
  },
]

import {
  applyFeedEvent,
  Following,
  OpenWorks,
  type FeedVerdict,
  type FollowingParts,
  type Instant,
} from '@counterfoil/verifier/feed'
import type { Mutant } from '../mutant.ts'

/** A follower that reckons by one of its clocks alone: the other one is told when the lease began. */
function followByOneClock(clock: keyof Instant): (parts: FollowingParts) => Following {
  return (parts) => {
    let since: Instant | undefined
    class OneClock extends Following {
      override holds(monotonic: number, wall: number): boolean {
        if (since === undefined) return super.holds(monotonic, wall)
        return clock === 'monotonic' ? super.holds(monotonic, since.wall) : super.holds(since.monotonic, wall)
      }
    }
    return new OneClock({
      ...parts,
      step: (state, event, now) => {
        const step = applyFeedEvent(state, event, now)
        since = step.state.lease?.since
        return step
      },
    })
  }
}

/** Takes what is stale for clear. */
class Careless extends Following {
  readonly #isCareless: () => boolean

  constructor(parts: FollowingParts, isCareless: (following: Following) => boolean) {
    super(parts)
    this.#isCareless = () => isCareless(this)
  }

  override judge(...asked: Parameters<Following['judge']>): FeedVerdict {
    const verdict = super.judge(...asked)
    return verdict === 'stale' && this.#isCareless() ? 'clear' : verdict
  }
}

/** Works that never end because a lease was lost. */
class Untiring extends OpenWorks {
  override endStale(): void {
    // The mistake is that nothing happens.
  }
}

/** Mistakes about time, and about what to do when it is over. */
export const CLOCK_MUTANTS: readonly Mutant[] = [
  {
    name: 'monotonic-clock-alone',
    says: 'the age of a lease is told by the monotonic clock alone, which stands still while a machine sleeps',
    follow: followByOneClock('monotonic'),
  },
  {
    name: 'wall-clock-alone',
    says: 'the age of a lease is told by the wall clock alone',
    follow: followByOneClock('wall'),
  },
  {
    name: 'decision-before-signature-work',
    says: 'the verifier judges first, and does the signature work then',
    judgesEarly: true,
  },
  {
    name: 'acceptance-before-first-lease',
    says: 'a verifier that never held a lease accepts what it knows nothing about',
    follow: (parts) => new Careless(parts, (following) => !following.everHeld),
  },
  {
    name: 'acceptance-on-feed-error',
    says: 'a verifier that has lost its lease because of an error goes on accepting',
    follow: (parts) => new Careless(parts, (following) => following.everHeld && following.status().error !== undefined),
  },
  {
    name: 'position-without-incarnation',
    says: 'a place in the log is compared by its number alone',
    follow: (parts) =>
      new (class extends Following {
        override reaches({ position }: Parameters<Following['reaches']>[0]): boolean {
          return (this.view.head?.position ?? -1) >= position
        }
      })(parts),
  },
  {
    name: 'streams-outlive-the-lease',
    says: 'streams that are to end with the lease do not',
    works: (clock) => new Untiring(clock),
  },
]

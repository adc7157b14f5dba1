import type { Revocation, SessionId } from '@counterfoil/protocol'
import {
  applyFeedEvent,
  Following,
  RevocationView,
  type FollowingParts,
  type TokenSubject,
} from '@counterfoil/verifier/feed'
import type { Mutant } from '../mutant.ts'

/** Fills a place in a view with a record about nobody. */
const NOBODY = 'AAAAAAAAAAAAAAAAAAAAAA' as SessionId

/** A view that passes over what is missing. */
class GapView extends RevocationView {
  override apply(records: readonly Revocation[], now: number, retainMs: number): void {
    const first = records[0]?.position ?? 0
    const missing: Revocation[] = []
    for (let position = (this.head?.position ?? 0) + 1; position < first; position++)
      missing.push({ kind: 'session', sessionId: NOBODY, at: 0, position })
    super.apply([...missing, ...records], now, retainMs)
  }
}

/** A view that takes a snapshot for the whole log. */
class FloorlessView extends GapView {
  override reset(incarnation: string, floor: number): void {
    super.reset(incarnation, 0)
    this.#fill(floor)
  }

  #fill(floor: number): void {
    for (let position = 1; position <= floor; position++)
      super.apply([{ kind: 'session', sessionId: NOBODY, at: 0, position }], 0, Infinity)
  }
}

/** A view that believes whoever was spared once to be spared for ever. */
class KeepingView extends RevocationView {
  readonly #spared = new Set<string>()

  override apply(records: readonly Revocation[], now: number, retainMs: number): void {
    for (const record of records)
      if (record.kind === 'account' && record.keep !== undefined) this.#spared.add(record.keep)
    super.apply(records, now, retainMs)
  }

  override covers(subject: TokenSubject, keyId: string | undefined): boolean {
    return super.covers(
      this.#spared.has(subject.sessionId) ? { ...subject, accountGeneration: Infinity } : subject,
      keyId,
    )
  }
}

/** A follower that goes on where a push left a gap. */
function followOverGaps(parts: FollowingParts): Following {
  return new Following({
    ...parts,
    view: new GapView(),
    step: (state, event, now) => {
      if (event.kind !== 'pushed' || event.push === undefined || state.applied === undefined)
        return applyFeedEvent(state, event, now)
      const after = Math.min(event.push.after, state.applied.position)
      return applyFeedEvent(state, { ...event, push: { ...event.push, after } }, now)
    },
  })
}

function withView(makeView: () => RevocationView): Required<Pick<Mutant, 'follow'>> {
  return { follow: (parts) => new Following({ ...parts, view: makeView() }) }
}

/** Mistakes about what is known. */
export const VIEW_MUTANTS: readonly Mutant[] = [
  { name: 'gap-ignored', says: 'records that were not pushed are passed over', follow: followOverGaps },
  {
    name: 'snapshot-without-floor',
    says: 'a snapshot is taken for the whole log',
    ...withView(() => new FloorlessView()),
  },
  {
    name: 'record-dropped-too-early',
    says: 'records are let go of at a tenth of their time, and tokens from before them are judged all the same',
    ...withView(
      () =>
        new (class extends RevocationView {
          override sweep(now: number, retainMs: number): void {
            super.sweep(now, retainMs / 10)
          }

          override canJudge(): boolean {
            return this.head !== undefined
          }
        })(),
    ),
  },
  {
    name: 'old-tokens-judged',
    says: 'tokens from before the floor of a view are judged by it',
    ...withView(
      () =>
        new (class extends RevocationView {
          override canJudge(): boolean {
            return this.head !== undefined
          }
        })(),
    ),
  },
  {
    name: 'floor-too-high',
    says: 'records are let go of at a tenth of their time, and fresh tokens cannot be judged for it',
    ...withView(
      () =>
        new (class extends RevocationView {
          override sweep(now: number, retainMs: number): void {
            super.sweep(now, retainMs / 10)
          }
        })(),
    ),
  },
  {
    name: 'spared-for-ever',
    says: 'a session that was spared once is spared for ever',
    ...withView(() => new KeepingView()),
  },
  {
    name: 'spared-forgotten',
    says: 'a session that is to be spared ends with the others',
    ...withView(
      () =>
        new (class extends RevocationView {
          override apply(records: readonly Revocation[], now: number, retainMs: number): void {
            const bare = records.map((each) => (each.kind === 'account' ? { ...each, keep: undefined } : each))
            super.apply(bare, now, retainMs)
          }
        })(),
    ),
  },
]

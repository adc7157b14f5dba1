import { patienceMs, type LogHead } from '@counterfoil/protocol'

/** A lease that may have been granted: up to which position it is complete, and when it is surely over. */
interface Grant {
  /** Undefined as long as the head is being read: then it may be an old one. */
  head: number | undefined
  notedAt: number
  endsAt: number
}

/** What is known of one verifier. */
interface Holder {
  /** How far it says that it has applied the log. */
  applied: number
  readonly grants: Grant[]
}

/** A lease that is about to be granted; `grant` says up to which position it is complete. */
export interface PendingLease {
  grant(head: LogHead): void
  /** No lease is sent after all. */
  withdraw(): void
}

/** Who may still decide without knowing of a place in the log. */
export interface Obedience {
  /** Those verifiers, and when each may no more; in milliseconds of the monotonic clock. */
  readonly missing: ReadonlyMap<string, number>
  /** Until then there may be others, whose leases a process before this one granted. */
  readonly blindUntil: number
}

/** More leases of one verifier are not told apart. */
const MOST_GRANTS = 16

/** More verifiers than this are refused: whoever holds a key can make up any number of names. */
const MOST_HOLDERS = 100_000

/**
 * The leases that this node may have granted: what makes a revocation synchronous (G2). All instants are milliseconds of the monotonic
 * clock, and given by the caller.
 *
 * A lease is noted **before** the head is read, and so before it is sent: a revocation that commits between reading and sending finds it
 * here. It counts as done when its verifier says that it has applied the position, or when its end has passed on this clock; it began before
 * the request arrived, and clocks run at nearly the same rate.
 */
export class LeaseBook {
  readonly #leaseMs: number
  #blindUntil: number
  readonly #holders = new Map<string, Holder>()
  #incarnation: string | undefined

  /** A node that has just started has forgotten what was granted before: `openedAt` is when that was. */
  constructor(openedAt: number, leaseMs: number) {
    this.#leaseMs = leaseMs
    this.#blindUntil = openedAt + patienceMs(leaseMs)
  }

  /** Another log has taken the place of the one before: with its end, the word of leases that others granted may be lost. */
  beBlind(now: number): void {
    this.#blindUntil = Math.max(this.#blindUntil, now + patienceMs(this.#leaseMs))
  }

  /** Notes that a verifier asks for a lease, and what it has applied. Undefined when there are too many verifiers. */
  note(verifier: string, applied: LogHead | undefined, now: number): PendingLease | undefined {
    const endsAt = now + patienceMs(this.#leaseMs)
    const holder = this.#holders.get(verifier) ?? this.#add(verifier, now)
    if (holder === undefined) return undefined
    // A lease of another incarnation says nothing about this one's positions.
    if (applied !== undefined && applied.incarnation === this.#incarnation && applied.position > holder.applied)
      holder.applied = applied.position
    const grant: Grant = { head: undefined, notedAt: now, endsAt }
    dropWhere(holder.grants, (each) => each.endsAt <= now)
    holder.grants.push(grant)
    return {
      grant: (head) => this.#settle(holder, grant, head),
      withdraw: () => dropWhere(holder.grants, (each) => each === grant),
    }
  }

  /**
   * Who may still decide without knowing of this position, which was committed before `since`: leases that were noted later reach as far, since
   * their head is read after that.
   */
  obedience(head: LogHead, since: number, now: number): Obedience {
    const patience = patienceMs(this.#leaseMs)
    const missing = new Map<string, number>()
    for (const [name, { applied, grants }] of this.#holders) {
      const last = lastEnd(grants, now)
      if (last === undefined) this.#holders.delete(name)
      if (head.incarnation === this.#incarnation && applied >= head.position) continue
      const ignorant = lastEnd(
        grants.filter((grant) => grant.notedAt <= since && !this.#covers(grant, head)),
        now,
      )
      // A lease that was noted by then is over by then, whatever it was joined with.
      const endsAt = Math.min(ignorant ?? now, since + patience)
      if (endsAt > now) missing.set(name, endsAt)
    }
    return { missing, blindUntil: this.#blindUntil }
  }

  /** A verifier has said elsewhere that it has applied everything up to here. */
  hear(verifier: string, head: LogHead): void {
    const holder = this.#holders.get(verifier)
    if (holder !== undefined && head.incarnation === this.#incarnation && head.position > holder.applied)
      holder.applied = head.position
  }

  /** Those who have said that they have applied everything up to here, and hold leases; at most `limit` of them. */
  knowing(head: LogHead, limit: number): string[] {
    const names: string[] = []
    if (head.incarnation !== this.#incarnation) return names
    for (const [name, { applied }] of this.#holders) {
      if (names.length >= limit) break
      if (applied >= head.position) names.push(name)
    }
    return names
  }

  /** The furthest place, up to `head`, of which everybody knows who may decide by a lease of this node. */
  horizon(head: LogHead, now: number): LogHead {
    let { position } = head
    const isSame = head.incarnation === this.#incarnation
    for (const { applied, grants } of this.#holders.values()) {
      for (const grant of grants) {
        if (grant.endsAt <= now) continue
        position = Math.min(position, isSame ? Math.max(0, applied, grant.head ?? 0) : 0)
      }
    }
    return { incarnation: head.incarnation, position }
  }

  /** How many verifiers hold leases, of those whose name counts. */
  count(now: number, counts: (name: string) => boolean = () => true): number {
    let held = 0
    for (const [name, { grants }] of this.#holders) if (counts(name) && lastEnd(grants, now) !== undefined) held++
    return held
  }

  #covers({ head }: Grant, { incarnation, position }: LogHead): boolean {
    return head !== undefined && incarnation === this.#incarnation && head >= position
  }

  #add(verifier: string, now: number): Holder | undefined {
    if (this.#holders.size >= MOST_HOLDERS) this.#forgetEnded(now)
    if (this.#holders.size >= MOST_HOLDERS) return undefined
    const holder: Holder = { applied: -1, grants: [] }
    this.#holders.set(verifier, holder)
    return holder
  }

  #forgetEnded(now: number): void {
    for (const [name, { grants }] of this.#holders) if (lastEnd(grants, now) === undefined) this.#holders.delete(name)
  }

  #settle({ grants }: Holder, grant: Grant, { incarnation, position }: LogHead): void {
    if (incarnation !== this.#incarnation) this.#begin(incarnation)
    grant.head = position
    // Of two leases that reach equally far only the later end counts.
    dropWhere(grants, (each) => each !== grant && each.head === position && each.endsAt <= grant.endsAt)
    if (grants.length > MOST_GRANTS) joinOldest(grants)
  }

  /** Another log: what was said and granted for the one before counts as nothing known. */
  #begin(incarnation: string): void {
    this.#incarnation = incarnation
    for (const holder of this.#holders.values()) {
      holder.applied = -1
      for (const grant of holder.grants) grant.head = undefined
    }
  }
}

/** The two oldest as one that reaches no further than the one and ends no earlier than the other. */
function joinOldest(grants: Grant[]): void {
  const [first, second] = grants
  if (first?.head === undefined || second?.head === undefined) return
  first.head = Math.min(first.head, second.head)
  first.notedAt = Math.min(first.notedAt, second.notedAt)
  first.endsAt = Math.max(first.endsAt, second.endsAt)
  grants.splice(1, 1)
}

function lastEnd(grants: readonly Grant[], now: number): number | undefined {
  let last: number | undefined
  for (const { endsAt } of grants) if (endsAt > now && (last === undefined || endsAt > last)) last = endsAt
  return last
}

function dropWhere<T>(list: T[], isOver: (item: T) => boolean): void {
  let kept = 0
  for (const item of list) if (!isOver(item)) list[kept++] = item
  list.length = kept
}

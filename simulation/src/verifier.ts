import type { LogHead } from '@counterfoil/protocol'
import { Following, OpenWorks, type Instant } from '@counterfoil/verifier/feed'
import type { Checks, Decided } from './checks.ts'
import type { Machine } from './machine.ts'
import type { Mutant } from './mutant.ts'
import type { Plan } from './plan.ts'
import { SimulatedPort, type Seat } from './port.ts'
import { Streams } from './streams.ts'
import type { Ending, SimToken } from './truth.ts'
import type { World } from './world.ts'

/** What a verifier is made of besides its seat. */
export interface VerifierParts {
  readonly world: World
  readonly plan: Plan
  readonly checks: Checks
  readonly mutant: Mutant | undefined
}

/** What one decision is about. */
export interface Question {
  readonly token: SimToken
  readonly workMs: number
  readonly minPosition: LogHead | undefined
  /** Whether a stream is opened when the token is accepted. */
  readonly opens: boolean
}

/** A verifier: a production follower on a simulated machine, which decides as `verify()` does with `onStale: 'reject'`. */
export class Verifier {
  readonly machine: Machine
  readonly #seat: Seat
  readonly #parts: VerifierParts
  readonly #mode: 'background' | 'on-demand'
  #running: { readonly following: Following; readonly works: OpenWorks; readonly streams: Streams } | undefined

  constructor(seat: Seat, parts: VerifierParts) {
    this.machine = seat.machine
    this.#seat = seat
    this.#parts = parts
    this.#mode = parts.plan.verifiers[seat.index]?.mode ?? 'background'
  }

  start(): void {
    this.machine.deliver(() => this.#open())
  }

  crash(): void {
    this.machine.crash()
    this.#running = undefined
  }

  restart(): void {
    this.machine.restart()
    this.start()
  }

  committed(ending: Ending): void {
    this.#running?.streams.committed(ending)
  }

  /** Decides: signature work first, then the clocks are read. */
  decide(question: Question): void {
    this.machine.deliver(() => {
      const startedAt = this.#parts.world.now
      const early = this.#parts.mutant?.judgesEarly === true ? this.#now() : undefined
      const { machine } = this
      const { token, minPosition } = question
      const hearsPushes = this.#mode === 'background'
      const decided = { machine, token, startedAt, minPosition, hearsPushes }
      const verdict = early && this.#running?.following.judge(token.subject, token.key.id, early, minPosition)
      machine.after(question.workMs, () => this.#conclude(question, decided, verdict))
    })
  }

  #now(): Instant {
    return { monotonic: this.machine.monotonic(), wall: this.machine.wall() }
  }

  #conclude(question: Question, decided: Decided, early: string | undefined): void {
    const { machine } = this
    const running = this.#running
    if (running === undefined) return
    const verdict = this.#judge(question, early)
    if (verdict !== 'stale') return this.#tell(question, decided, verdict)
    const waiting = running.following.catchUp(this.#now(), question.minPosition)
    if (waiting === undefined) return this.#tell(question, decided, verdict)
    const { life } = machine
    void waiting.then(() => {
      if (machine.life === life) this.#tell(question, decided, this.#judge(question, undefined))
    })
  }

  #judge({ token, minPosition }: Question, early: string | undefined): string {
    const now = this.#now()
    const { leewayMs } = this.#parts.plan
    if (now.wall >= token.expiresAt + leewayMs) return 'expired'
    if (now.wall < token.validFromAt - leewayMs) return 'not yet valid'
    const { following } = this.#running ?? {}
    return early ?? following?.judge(token.subject, token.key.id, now, minPosition) ?? 'stale'
  }

  #tell(question: Question, decided: Decided, verdict: string): void {
    const { checks, world } = this.#parts
    const { token, opens } = question
    if (verdict === 'clear') {
      world.say(() => `${this.machine.name} accepts ${token.name}`)
      checks.tookForClear(decided)
      if (opens) this.#openStream(token)
    } else if (verdict === 'revoked') checks.tookForRevoked(decided)
    else if (verdict === 'stale' && question.minPosition === undefined) checks.couldNotTell(decided, this.#describe())
  }

  #openStream(token: SimToken): void {
    const { following, works, streams } = this.#running ?? {}
    if (works !== undefined) streams?.open(token, works)
    following?.attend()
  }

  #describe(): string {
    const status = this.#running?.following.status()
    if (status === undefined) return 'it is down'
    const { holding, position, floor, failures, error, incarnation } = status
    const place = `${String(incarnation?.slice(0, 4))}@${String(position)} (floor ${String(floor)})`
    return `${holding ? 'it holds a lease' : 'it holds no lease'}, at ${place}, ${String(failures)} failures, ${String(error)}`
  }

  #open(): void {
    const { mutant, plan, world, checks } = this.#parts
    const { machine } = this
    const after = (ms: number, act: () => void): (() => void) => machine.after(ms, act)
    const clock = { now: () => machine.wall(), after }
    const works = mutant?.works?.(clock) ?? new OpenWorks(clock)
    const parts = {
      settings: { mode: this.#mode, timeoutMs: plan.timeoutMs },
      authority: new SimulatedPort(this.#seat),
      now: () => this.#now(),
      after,
      maxRecords: 1_000_000,
      works,
      onEvent: (event: object) => world.say(() => `${machine.name}: ${JSON.stringify(event)}`),
    }
    const following = mutant?.follow?.(parts) ?? new Following(parts)
    this.#running = { following, works, streams: new Streams(world, checks, machine) }
    following.start()
  }
}

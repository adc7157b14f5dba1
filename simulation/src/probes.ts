import { boundMs } from '@counterfoil/protocol'
import { endingsOf } from './checks.ts'
import type { Random } from './random.ts'
import type { Scene } from './scene.ts'
import type { Ending, SimSession, SimToken } from './truth.ts'
import type { Verifier } from './verifier.ts'

/** Tokens that are presented again and again. */
const RECENT = 40

/** Decisions: at any time, and where a broken promise would show. */
export class Probes {
  readonly #scene: Scene
  readonly #random: Random

  constructor(scene: Scene, random: Random) {
    this.#scene = scene
    this.#random = random
  }

  /** Some token at some verifier. */
  decideSome(): void {
    const { authority, verifiers } = this.#scene
    const random = this.#random
    const verifier = random.pick(verifiers)
    const token = random.pick(authority.tokens.slice(-RECENT))
    if (verifier === undefined || token === undefined) return
    verifier.decide({ token, workMs: this.#workMs(), minPosition: undefined, opens: random.chance(0.3) })
  }

  /** Some session at some node. */
  serveSome(): void {
    const { authority, nodes } = this.#scene
    const session = this.#random.pick(authority.sessions.slice(-RECENT))
    if (session !== undefined) this.#random.pick(nodes)?.serve(session)
  }

  /** Before the bound is over, just after it, and later. */
  committed(ending: Ending): void {
    const { world, verifiers, plan } = this.#scene
    const random = this.#random
    const bound = boundMs(plan.leaseMs)
    const tokens = this.#tokensOf(ending)
    for (const verifier of verifiers) {
      const token = random.pick(tokens)
      if (token === undefined) return
      this.#decideAt(bound * random.next(), verifier, token, ending)
      this.#decideAt(bound + 2 + random.next() ** 2 * 0.2 * bound, verifier, token)
      this.#decideAt(bound * random.between(1, 3), verifier, random.pick(tokens) ?? token)
    }
    for (const session of this.#sessionsOf(ending)) {
      for (const node of this.#scene.nodes) {
        world.after(bound * random.next(), () => node.serve(session))
        world.after(bound + 2 + random.next() ** 2 * 0.2 * bound, () => node.serve(session))
      }
    }
    if (this.#scene.checks.isCalm) world.after(bound / 8, () => this.#decideEverywhere(tokens))
  }

  /** At once. */
  obeyed(ending: Ending): void {
    this.#decideEverywhere(this.#tokensOf(ending))
    const { world, nodes } = this.#scene
    for (const session of this.#sessionsOf(ending))
      for (const node of nodes) world.after(this.#random.between(0.1, 5), () => node.serve(session))
  }

  /** A few of the sessions that it ends. */
  #sessionsOf(ending: Ending): readonly SimSession[] {
    return this.#scene.authority.sessions.filter(({ endings }) => endings.includes(ending)).slice(-3)
  }

  #decideEverywhere(tokens: readonly SimToken[]): void {
    for (const verifier of this.#scene.verifiers) {
      const token = this.#random.pick(tokens)
      if (token !== undefined) this.#decideAt(this.#random.between(0.1, 5), verifier, token)
    }
  }

  #decideAt(ms: number, verifier: Verifier, token: SimToken, after?: Ending): void {
    const workMs = this.#workMs()
    const startMs = this.#random.chance(0.5) ? ms : ms - workMs
    const minPosition = after?.place
    this.#scene.world.after(startMs, () => verifier.decide({ token, workMs, minPosition, opens: false }))
  }

  #tokensOf(ending: Ending): readonly SimToken[] {
    return this.#scene.authority.tokens.slice(-RECENT).filter((token) => endingsOf(token).includes(ending))
  }

  /** Signature work is short, unless the machine has much else to do. */
  #workMs(): number {
    const random = this.#random
    if (random.chance(0.8)) return random.between(0.1, 2)
    return random.chance(0.5) ? random.between(0, 50) : random.between(0, 1.2 * this.#scene.plan.leaseMs)
  }
}

import { CLOCK_RATE_ERROR, markPosition, patienceMs, type LogHead } from '@counterfoil/protocol'
import { subjectOf } from '@counterfoil/verifier/feed'
import { nameOf } from './checks.ts'
import type { Machine } from './machine.ts'
import type { AuthorityNode } from './node.ts'
import type { Random } from './random.ts'
import { Probes } from './probes.ts'
import type { Scene } from './scene.ts'
import type { Ending, SimSession } from './truth.ts'

/** More than the grain of a timer. */
const TICK_MS = 5

/** From commit until everybody has said that they know, when nothing is wrong: a few rounds over the network and the board. */
const QUICK_MS = 300

/** Times in milliseconds between two of a kind, on average. */
const EVERY_MS = { session: 700, token: 300, revocation: 1300, decision: 120, request: 150 }

/** What users and administrators do: begin sessions, have tokens issued, end things, and present tokens. */
export class Workload {
  readonly #scene: Scene
  readonly #random: Random
  readonly #probes: Probes
  #issued = 0

  constructor(scene: Scene, random: Random) {
    this.#scene = scene
    this.#random = random
    this.#probes = new Probes(scene, random)
  }

  begin(): void {
    const { authority } = this.#scene
    for (let count = 0; count < 4; count++) authority.openSession()
    this.#repeat(EVERY_MS.session, () => authority.openSession())
    this.#repeat(EVERY_MS.token, () => this.#issueSome())
    this.#repeat(EVERY_MS.revocation, () => this.#revoke())
    this.#repeat(EVERY_MS.decision, () => this.#probes.decideSome())
    this.#repeat(EVERY_MS.request, () => this.#probes.serveSome())
  }

  #repeat(everyMs: number, act: () => void): void {
    const { world } = this.#scene
    world.after(this.#random.between(0, 2 * everyMs), () => {
      act()
      this.#repeat(everyMs, act)
    })
  }

  #issueSome(): void {
    const { authority, nodes } = this.#scene
    const session = this.#random.pick(authority.sessions.slice(-15))
    const node = this.#random.pick(nodes)
    if (session !== undefined && node !== undefined) node.machine.deliver(() => this.#issue(session, node))
  }

  /** The place in the log first, then whether the session stands, then the signature: as the authority does it. */
  #issue(session: SimSession, { machine, feed }: AuthorityNode): void {
    const { authority, log } = this.#scene
    if (feed === undefined) return
    const position = feed.position()
    log
      .operate(machine, () => (authority.stands(session) ? authority.key : undefined))
      .then(
        (key) => key && this.#sign(session, key, position, machine.wall()),
        () => undefined,
      )
  }

  #sign(session: SimSession, key: Scene['authority']['key'], position: LogHead, now: number): void {
    const { authority, world, plan } = this.#scene
    const { id, account, client, accountGeneration, clientGeneration } = session
    const subject = subjectOf({
      sid: id,
      sub: account.id,
      client_id: client.id,
      account_generation: accountGeneration,
      client_generation: clientGeneration,
      log_position: markPosition(position),
    })
    const validFromAt = Math.floor(now / 1000) * 1000
    const name = `token ${String(++this.#issued)}`
    const expiresAt = Math.floor((now + plan.tokenMs) / 1000) * 1000
    world.say(() => `${name} (${key.id}) is issued for session ${id.slice(0, 4)}, marked ${subject.mark}`)
    authority.tokens.push({
      name,
      subject,
      session,
      key,
      validFromAt,
      expiresAt,
      issuedAt: world.now,
      mayLookRevoked: authority.hasLost(account, client),
    })
  }

  #revoke(): void {
    const node = this.#random.pick(this.#scene.nodes)
    node?.machine.deliver(() => this.#revokeAt(node))
  }

  #revokeAt(node: AuthorityNode): void {
    const { authority, log, world } = this.#scene
    const { machine, feed } = node
    const waits = this.#random.chance(0.5)
    if (feed === undefined) return
    const at = machine.wall()
    log
      .operate(machine, () => {
        const ending = authority.revoke(log, world.now, at)
        if (ending !== undefined) this.#committed(ending)
        return ending
      })
      .then(
        (ending) => ending && waits && this.#wait(node, ending),
        () => undefined,
      )
  }

  #committed(ending: Ending): void {
    const { world, verifiers, checks } = this.#scene
    checks.committed()
    world.say(() => `${nameOf(ending)} is committed: ${JSON.stringify(ending.record)}`)
    for (const verifier of verifiers) verifier.committed(ending)
    this.#probes.committed(ending)
  }

  #wait({ feed, machine }: AuthorityNode, ending: Ending): void {
    const { world } = this.#scene
    const { life } = machine
    this.#expectEnd(machine, ending)
    const startedAt = world.now
    void feed?.waitUntilObeyed(ending.place).then(({ waitedMs }) => {
      if (machine.life !== life) return
      ending.obeyedAt = world.now
      this.#expectQuick(startedAt, waitedMs)
      world.say(() => `${nameOf(ending)} is obeyed everywhere, after ${waitedMs.toFixed(1)} ms`)
      this.#probes.obeyed(ending)
    })
  }

  /** In a calm everybody says at once that they know, whichever node they ask; who renews on demand says nothing unasked. */
  #expectQuick(startedAt: number, waitedMs: number): void {
    const { plan, checks } = this.#scene
    if (startedAt < plan.calmFrom || plan.verifiers.some(({ mode }) => mode === 'on-demand')) return
    if (waitedMs > QUICK_MS) checks.break('liveness', `a wait in a calm takes ${waitedMs.toFixed(1)} ms`)
  }

  /** A wait takes `τ(1+ρ)/(1−ρ)` at most, unless the process was stopped or killed meanwhile. */
  #expectEnd(machine: Machine, ending: Ending): void {
    const { world, plan, checks } = this.#scene
    const { life } = machine
    const startedAt = world.now
    const mostMs = patienceMs(plan.leaseMs) / (1 - CLOCK_RATE_ERROR) + TICK_MS
    world.after(mostMs, () => {
      if (ending.obeyedAt < Infinity || machine.life !== life) return
      if (machine.isStopped || machine.runningSince > startedAt) return
      checks.break(
        'wait',
        `${machine.name} still waits ${mostMs.toFixed(1)} ms after it began to wait for ${nameOf(ending)}`,
      )
    })
  }
}

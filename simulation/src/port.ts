import { readLease, type LeaseAnswer, type LogHead } from '@counterfoil/protocol'
import type { AuthorityPort, ChannelListener } from '@counterfoil/verifier/feed'
import type { Machine } from './machine.ts'
import type { Link, Network } from './network.ts'
import type { AuthorityNode } from './node.ts'
import { SILENCE_MS } from './plan.ts'
import type { Random } from './random.ts'

/** Where a verifier sits, and whom it can reach. */
export interface Seat {
  readonly index: number
  readonly machine: Machine
  readonly network: Network
  readonly nodes: readonly AuthorityNode[]
  readonly random: Random
  readonly timeoutMs: number
}

/** The authority as one start of a verifier sees it, over the simulated network; each call goes to some node, as behind a balancer. */
export class SimulatedPort implements AuthorityPort {
  readonly #seat: Seat
  readonly #name: string
  readonly #life: number

  constructor(seat: Seat) {
    this.#seat = seat
    this.#name = seat.random.id()
    this.#life = seat.machine.life
  }

  ask(applied: LogHead | undefined): Promise<LeaseAnswer | undefined> {
    const { network, nodes, random, machine, timeoutMs } = this.#seat
    const node = random.pick(nodes)
    return new Promise((resolve, reject) => {
      if (node === undefined) return reject(new Error('there is no node'))
      const link = this.#linkTo(node)
      // As over HTTP, where the platform gives up a little later than the follower.
      machine.after(timeoutMs * random.between(1, 2), () => reject(new Error('the node did not answer')))
      const answer = (wire: object | undefined): void =>
        network.send(link, 'down', () =>
          this.#hear(() => {
            if (wire === undefined) reject(new Error('the node cannot answer'))
            else resolve(readLease(wire, applied?.position))
          }),
        )
      network.send(link, 'up', () => {
        if (node.machine.isUp) node.machine.deliver(() => node.lease({ verifier: this.#name, applied }, answer))
        else answer(undefined)
      })
    })
  }

  async listen(after: LogHead, listener: ChannelListener, signal: AbortSignal): Promise<void> {
    const { network, nodes, random, machine } = this.#seat
    const node = random.pick(nodes)
    if (node === undefined) return
    const link = this.#linkTo(node)
    const stream = network.stream(link, 'down')
    let heardAt = machine.monotonic()
    const tell = (hear: (to: ChannelListener) => void): void =>
      stream(() =>
        this.#hear(() => {
          heardAt = machine.monotonic()
          if (!signal.aborted) hear(listener)
        }),
      )
    const watch = (): void => {
      if (signal.aborted) return
      const left = heardAt + SILENCE_MS - machine.monotonic()
      if (left > 0) machine.after(left + 1, watch)
      else listener.closed('the push channel fell silent')
    }
    machine.after(SILENCE_MS + 1, watch)
    network.send(link, 'up', () => this.#openAt(node, after, tell, signal))
  }

  #openAt(
    node: AuthorityNode,
    after: LogHead,
    tell: (hear: (to: ChannelListener) => void) => void,
    signal: AbortSignal,
  ): void {
    const refuse = (): void => tell((listener) => listener.closed('the node cannot open a channel'))
    if (!node.machine.isUp) return refuse()
    node.machine.deliver(() => {
      const close = node.listen(after, tell)
      if (close === undefined) return refuse()
      // That a reader is gone is noticed when something is written; it makes no difference to the reader.
      signal.addEventListener('abort', close)
    })
  }

  #linkTo({ index }: AuthorityNode): Link {
    return { verifier: this.#seat.index, node: index }
  }

  /** What reaches the process that asked, and no later one. */
  #hear(act: () => void): void {
    const { machine } = this.#seat
    if (machine.life === this.#life) machine.deliver(act)
  }
}

import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import { ProxiedConnection, type Passage } from './proxied-connection.ts'

export type { Passage }

/** A TCP proxy that can come between two parties. */
export class TcpProxy {
  readonly #server: Server
  readonly #connections = new Set<ProxiedConnection>()
  #passage: Passage = 'open'
  #delayMs = 0
  #bytesPerSecond = Infinity
  #targets: readonly number[]
  #turn = 0

  private constructor(server: Server, targets: readonly number[]) {
    this.#server = server
    this.#targets = targets
    server.on('connection', (socket) => this.#take(new ProxiedConnection(socket, this.#nextTarget())))
  }

  /** Listens on a port of the loopback, and passes everything on to another; of several, to each in turn, connection by connection. */
  static async open(...targets: readonly number[]): Promise<TcpProxy> {
    const proxy = new TcpProxy(createServer(), targets)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen')
    return address.port
  }

  /** From now on it is so. What has been held back goes through when it opens. */
  set(passage: Passage): void {
    this.#passage = passage
    for (const connection of this.#connections) connection.pass(passage)
  }

  /**
   * Nothing comes or goes any more on the connections that there are, and neither side is told: as after a firewall has forgotten them, or the power
   * went out. New ones pass.
   */
  strand(): void {
    for (const connection of this.#connections) connection.strand()
  }

  /** New connections go there from now on, to each in turn; those that are there are cut. */
  leadTo(...targets: readonly number[]): void {
    this.#targets = targets
    for (const connection of this.#connections) connection.end()
  }

  /** From now on whatever comes in is passed on only so many milliseconds later, in each direction. */
  delay(ms: number): void {
    this.#delayMs = ms
    for (const connection of this.#connections) connection.slow(ms, this.#bytesPerSecond)
  }

  /** From now on each direction of each connection passes no more than this; `Infinity`: as fast as it can. */
  throttle(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond
    for (const connection of this.#connections) connection.slow(this.#delayMs, bytesPerSecond)
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.end()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #nextTarget() {
    return connect(this.#targets[this.#turn++ % this.#targets.length] ?? 0, '127.0.0.1')
  }

  #take(connection: ProxiedConnection): void {
    this.#connections.add(connection)
    connection.onEnd(() => this.#connections.delete(connection))
    connection.slow(this.#delayMs, this.#bytesPerSecond)
    connection.pass(this.#passage)
  }
}

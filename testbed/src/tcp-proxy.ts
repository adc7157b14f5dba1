import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** How the proxy treats what goes through it. */
export type Passage = 'open' | 'cut' | 'black-hole'

/** A TCP proxy that can come between two parties. */
export class TcpProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #passage: Passage = 'open'
  #delayMs = 0
  #targetPort: number

  private constructor(server: Server, targetPort: number) {
    this.#server = server
    this.#targetPort = targetPort
    server.on('connection', (socket) => this.#take(socket))
  }

  /** Listens on a port of the loopback, and passes everything on to another. */
  static async open(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(createServer({ allowHalfOpen: false }), targetPort)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen')
    return address.port
  }

  /**
   * From now on: `open` passes everything; `cut` ends all connections and every new one at once; `black-hole` takes everything, also new
   * connections, and passes nothing, in neither direction. What a black hole has held back goes through when it opens.
   */
  set(passage: Passage): void {
    this.#passage = passage
    for (const socket of this.#sockets) {
      if (passage === 'cut') socket.destroy()
      else if (passage === 'black-hole') socket.pause()
      else socket.resume()
    }
  }

  /** New connections go there from now on; those that are there are cut. */
  leadTo(targetPort: number): void {
    this.#targetPort = targetPort
    for (const socket of this.#sockets) socket.destroy()
  }

  /** From now on whatever comes in is passed on only so many milliseconds later, in each direction. */
  delay(ms: number): void {
    this.#delayMs = ms
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #take(client: Socket): void {
    if (this.#passage === 'cut') {
      client.destroy()
      return
    }
    const target = connect(this.#targetPort, '127.0.0.1')
    this.#join(client, target)
    this.#join(target, client)
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from)
    from.setNoDelay(true)
    // What was held back goes first: chunks are passed on in their order, also when the delay gets shorter.
    let last: Promise<void> = Promise.resolve()
    let held = 0
    from.on('data', (chunk) => {
      if (held === 0 && this.#delayMs === 0) return void to.write(chunk)
      held++
      const due = new Promise((resolve) => setTimeout(resolve, this.#delayMs))
      last = Promise.all([last, due]).then(() => {
        held--
        to.write(chunk)
      })
    })
    from.on('error', () => to.destroy())
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
    if (this.#passage === 'black-hole') from.pause()
  }
}

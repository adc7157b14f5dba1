import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { Socket } from 'node:net'

/** A service behind the gateway, in this process: what it sees can be looked at. */
export class Service {
  readonly server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server) {
    this.server = server
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      // Whoever breaks off is the subject here, and no mistake.
      socket.on('error', () => undefined)
    })
  }

  /** Listens on a free port, or on this one. */
  static async start(listener: RequestListener, port = 0): Promise<Service> {
    const service = new Service(createServer(listener))
    service.server.listen(port, '127.0.0.1')
    await once(service.server, 'listening')
    return service
  }

  get port(): number {
    const address = this.server.address()
    if (address === null || typeof address === 'string') throw new Error('the service does not listen')
    return address.port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** How many connections there are to it. */
  get connections(): number {
    return this.#sockets.size
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.server.close()
    await once(this.server, 'close')
  }
}

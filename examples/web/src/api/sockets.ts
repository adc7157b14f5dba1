import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Accepted, Verifier } from '@counterfoil/verifier'
import { acceptUpgrade, authOf, CLOSE_CODES } from '@counterfoil/verifier/ws'
import { WebSocketServer, type WebSocket } from 'ws'
import { presentCookie } from './cookie.ts'
import type { Tickets } from './tickets.ts'

/** A page names what it speaks, and then its ticket: the only header of a WebSocket that a page can choose. */
const PROTOCOL = 'shop'
const TICKET = /^shop, ?ticket\.([\w-]+)$/

/** Sockets that tell an account of its orders. */
export class Sockets {
  readonly #server = new WebSocketServer({ noServer: true, handleProtocols: () => PROTOCOL })
  readonly #open = new Map<WebSocket, string>()
  readonly #byCookie: ReturnType<typeof acceptUpgrade>
  readonly #tickets: Tickets<Accepted>
  readonly #origin: string

  constructor(verifier: Verifier, tickets: Tickets<Accepted>, origin: string) {
    this.#byCookie = acceptUpgrade(verifier, this.#server)
    this.#tickets = tickets
    this.#origin = origin
    this.#server.on('connection', (socket: WebSocket, request: IncomingMessage) =>
      this.#welcome(socket, authOf(request)),
    )
  }

  /** A listener of `upgrade`. Pages of other origins are refused (ASVS 4.4.2). */
  readonly upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (request.headers.origin !== this.#origin) return refuse(socket, 403)
    const [, ticket] = TICKET.exec(request.headers['sec-websocket-protocol'] ?? '') ?? []
    if (ticket === undefined) {
      presentCookie(request, this.#origin)
      return this.#byCookie(request, socket, head)
    }
    const accepted = this.#tickets.redeem(ticket)
    if (accepted === undefined || accepted.signal.aborted) return refuse(socket, 401)
    this.#server.handleUpgrade(request, socket, head, (opened) => {
      const end = (): void => opened.close(CLOSE_CODES.ended)
      accepted.signal.addEventListener('abort', end, { once: true })
      opened.once('close', () => accepted.signal.removeEventListener('abort', end))
      this.#welcome(opened, accepted)
    })
  }

  /** Tells every socket of an account. */
  tell(accountId: string, news: object): void {
    for (const [socket, owner] of this.#open) if (owner === accountId) socket.send(JSON.stringify(news))
  }

  close(): void {
    for (const socket of this.#open.keys()) socket.terminate()
    this.#server.close()
  }

  #welcome(socket: WebSocket, accepted: Accepted | undefined): void {
    if (accepted === undefined) return socket.terminate()
    this.#open.set(socket, accepted.identity.accountId)
    socket.once('close', () => this.#open.delete(socket))
    socket.send(JSON.stringify({ kind: 'welcome', sessionId: accepted.identity.sessionId }))
  }
}

function refuse(socket: Duplex, status: 401 | 403): void {
  socket.end(`HTTP/1.1 ${status} \r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}

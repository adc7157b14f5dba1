import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket, WebSocketServer } from 'ws'
import type { Accepted } from '../decision.ts'
import { WorkEnded } from '../feed/open-work.ts'
import type { Verifier } from '../verifier.ts'
import { admit, checkPassport, passportOf, whenEnded } from './authenticate.ts'
import type { AuthenticateOptions, ReadyAnswer, Requirements } from './authenticate.ts'
import { presentedBy, sendRaw } from './node-message.ts'

/** Close codes (RFC 6455 §7.4.2, private use): the session has ended or expired; nobody can tell any more. */
export const CLOSE_CODES = { ended: 4401, stale: 4503 } as const

/**
 * Lets WebSockets in, for ws 8: a listener of `upgrade`. A socket is closed when what let it in ends.
 *
 * @example
 * ```ts
 * const sockets = new WebSocketServer({ noServer: true })
 * server.on('upgrade', acceptUpgrade(verifier, sockets, { require: { roles: ['support'] } }))
 * sockets.on('connection', (socket, request) => socket.send(authOf(request).identity.accountId))
 * ```
 */
export function acceptUpgrade(
  verifier: Verifier,
  sockets: WebSocketServer,
  options: AuthenticateOptions & { readonly require?: Requirements | undefined } = {},
) {
  const { require: requirements = {}, ...authentication } = options
  const judge = async (request: IncomingMessage): Promise<ReadyAnswer | undefined> =>
    (await admit(request, verifier, presentedBy(request), authentication)) ??
    (await checkPassport(request, requirements))
  return (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.once('error', () => socket.destroy())
    judge(request).then(
      (answer) => {
        if (answer !== undefined) sendRaw(socket, answer)
        else sockets.handleUpgrade(request, socket, head, (opened) => take(sockets, opened, request))
      },
      () => socket.destroy(),
    )
  }
}

function take(sockets: WebSocketServer, socket: WebSocket, request: IncomingMessage): void {
  const accepted = authOf(request)
  const end = (): void => {
    const reason: unknown = accepted?.signal.reason
    const isStale = reason instanceof WorkEnded && reason.reason === 'stale'
    socket.close(isStale ? CLOSE_CODES.stale : CLOSE_CODES.ended)
  }
  socket.once('close', whenEnded(accepted, end))
  sockets.emit('connection', socket, request)
}

/** Who opened a WebSocket. */
export function authOf(request: IncomingMessage): Accepted | undefined {
  return passportOf(request).accepted
}

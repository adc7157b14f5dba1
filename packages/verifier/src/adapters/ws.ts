import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket, WebSocketServer } from 'ws'
import { WorkEnded } from '../feed/open-work.ts'
import type { Verifier } from '../verifier.ts'
import type { AuthenticateOptions, ReadyAnswer, Requirements } from './authenticate.ts'
import { presentedBy, sendRaw } from './node-message.ts'
import { authOf } from './node.ts'
import { admission, passage, whenEnded } from './passport.ts'

export { authOf } from './node.ts'

/** Close codes (RFC 6455 §7.4.2, private use): the session has ended or expired; nobody can tell any more. */
export const CLOSE_CODES = { ended: 4401, stale: 4503 } as const

/**
 * Lets WebSockets in, for ws 8: a listener of `upgrade`. When what let a socket in ends, it takes no more messages, and is closed.
 *
 * @throws {TypeError} when the options could not mean anything.
 * @example
 * ```ts
 * const sockets = new WebSocketServer({ noServer: true })
 * server.on('upgrade', acceptUpgrade(verifier, sockets, { require: { roles: ['support'] } }))
 * sockets.on('connection', (socket, request) => socket.send(authOf(request)?.identity.accountId ?? 'nobody'))
 * ```
 */
export function acceptUpgrade(
  verifier: Verifier,
  sockets: WebSocketServer,
  { require: requirements, ...options }: AuthenticateOptions & { readonly require?: Requirements | undefined } = {},
) {
  const admit = admission(verifier, options)
  const check = requirements && passage(requirements)
  const judge = async (request: IncomingMessage): Promise<ReadyAnswer | undefined> =>
    (await admit(request, presentedBy(request))) ?? (await check?.(request))
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
    // Whoever does not answer the closing could go on sending for as long as ws waits for that.
    socket.removeAllListeners('message')
    socket.close(reason instanceof WorkEnded && reason.reason === 'stale' ? CLOSE_CODES.stale : CLOSE_CODES.ended)
  }
  socket.once('close', whenEnded(accepted, end))
  if (socket.readyState === socket.OPEN) sockets.emit('connection', socket, request)
}

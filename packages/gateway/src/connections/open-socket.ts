import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectSecure } from 'node:tls'
import type { ServiceFailure } from './service-call.ts'

/** Where a service listens. */
export type ServiceAddress =
  { readonly path: string } | { readonly host: string; readonly port: number; readonly isSecure: boolean }

/** Connects to a service; one of the two is called, once. Its certificate is checked against the authorities that Node trusts. */
export function openSocket(
  address: ServiceAddress,
  withinMs: number,
  onOpen: (socket: Socket) => void,
  onFailed: (failure: ServiceFailure) => void,
): Socket {
  const isSecure = 'host' in address && address.isSecure
  const socket = isSecure ? openSecure(address) : connectPlain({ ...address, noDelay: true })
  const settle = (): void => {
    clearTimeout(timer)
    socket.off('error', onError).off('close', onError)
  }
  const fail = (failure: ServiceFailure): void => {
    settle()
    // Whatever is still to come of it concerns nobody.
    socket.on('error', () => undefined).destroy()
    onFailed(failure)
  }
  const onError = (): void => fail('unreachable')
  const timer = setTimeout(() => fail('slow'), withinMs)
  socket.on('error', onError).on('close', onError)
  socket.once(isSecure ? 'secureConnect' : 'connect', () => {
    settle()
    onOpen(socket)
  })
  return socket
}

function openSecure({ host, port }: { readonly host: string; readonly port: number }): Socket {
  // An address is no name that a certificate could be chosen by (RFC 6066 §3).
  const name = isIP(host) === 0 ? { servername: host } : {}
  const socket = connectSecure({ host, port, ...name, ALPNProtocols: ['http/1.1'] })
  return socket.setNoDelay(true)
}

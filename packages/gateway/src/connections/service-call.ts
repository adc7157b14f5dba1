import type { Duplex, Readable } from 'node:stream'
import type { ResponseHead } from './response-head.ts'

/** Why there is no answer, or no whole one. */
export type ServiceFailure =
  /** It was not sent: it is none that HTTP could carry, or its body is not as long as it says. */
  | 'unfit'
  /** There is no connection, so that it was not sent. */
  | 'unreachable'
  /** A connection, or its answer, took longer than it may. */
  | 'slow'
  /** The connection broke after it was sent. */
  | 'broken'
  /** What came back is no answer that can be understood in one way only. */
  | 'garbled'

/** A request to a service. */
export interface ServiceRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  /** Names and values in turn, none of them about the connection. */
  readonly headers: readonly string[]
  /** Undefined: there is none. Without `content-length` among the headers it goes in chunks. */
  readonly body?: Readable | undefined
  /** Whether the connection is to become a WebSocket. */
  readonly upgrades?: boolean
}

/** The connection a request goes over, for as long as it does. */
export interface Carrier {
  /** Gives the request up; nothing more is heard of it. */
  abort(): void
  /** There is room again for more of the answer. */
  resume(): void
}

/** Whoever sends a request and hears what becomes of it. */
export interface ServiceCall {
  readonly request: ServiceRequest
  /** There is a connection, and it is sent now. False: nobody wants it any more. */
  connected(carrier: Carrier): boolean
  /** So many bytes of the body are about to be sent. False: too many; then it is not sent. */
  sending(bytes: number): boolean
  answered(head: ResponseHead): void
  /** A part of the answer's body. False: not so fast. */
  received(chunk: Buffer): boolean
  /** No more of the answer has come for now. */
  paused(): void
  ended(): void
  failed(failure: ServiceFailure): void
  /** It is a WebSocket now; `ahead` is what came with the answer. */
  upgraded?(head: ResponseHead, socket: Duplex, ahead: Buffer): void
}

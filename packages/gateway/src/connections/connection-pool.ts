import type { Socket } from 'node:net'
import { Connection, type ConnectionOwner } from './connection.ts'
import { openSocket, type ServiceAddress } from './open-socket.ts'
import { writeRequestHead, type RequestText } from './request-text.ts'
import type { ServiceCall, ServiceFailure } from './service-call.ts'

/** How a service is reached. */
export interface PoolSettings {
  readonly connectMs: number
  /** How long an answer may take to begin. */
  readonly responseMs: number
  /** How long an answer may pause. */
  readonly idleMs: number
  /** How many connections there may be at most. */
  readonly connections: number
}

interface Waiting {
  readonly call: ServiceCall
  readonly head: RequestText
}

/** Time-outs are looked at so often: one timer for all, in place of one for each request. */
const TICK_MS = 100
const TICKS_PER_SECOND = 1000 / TICK_MS

/** An idle connection is given up after so long, or a little before the service says that it does. */
const KEPT_SECONDS = 4
const MOST_KEPT_SECONDS = 60
const HEAD_START_SECONDS = 1

/** The connections to one address of a service. */
export class ConnectionPool implements ConnectionOwner {
  readonly responseTicks: number
  readonly idleTicks: number
  readonly #address: ServiceAddress
  readonly #settings: PoolSettings
  /** The one that was used last comes first: the others may be given up. */
  readonly #idle: Connection[] = []
  readonly #open = new Set<Connection>()
  readonly #connecting = new Set<Socket>()
  #waiting: Waiting[] = []
  #tick = 0
  #timer: NodeJS.Timeout | undefined
  #isClosing = false
  #closed = Promise.withResolvers<void>()

  constructor(address: ServiceAddress, settings: PoolSettings) {
    this.#address = address
    this.#settings = settings
    this.responseTicks = Math.ceil(settings.responseMs / TICK_MS)
    this.idleTicks = Math.ceil(settings.idleMs / TICK_MS)
  }

  get tick(): number {
    return this.#tick
  }

  /** Whether a request would have to wait for another to be over. */
  get isBusy(): boolean {
    return this.#idle.length === 0 && this.#open.size + this.#connecting.size >= this.#settings.connections
  }

  /** Sends a request as soon as there is a connection. */
  send(call: ServiceCall): void {
    const head = writeRequestHead(call.request)
    if (head === undefined) return call.failed('unfit')
    if (this.#isClosing) return call.failed('unreachable')
    const connection = this.#idle.pop()
    if (connection !== undefined) {
      if (!connection.carry(call, head)) this.#idle.push(connection)
    } else if (this.isBusy) this.#waiting.push({ call, head })
    else this.#connect({ call, head })
  }

  /** Lets what is under way come to its end, and no more. */
  close(): Promise<void> {
    this.#isClosing = true
    for (const connection of this.#idle.splice(0)) connection.destroy()
    this.#settle()
    return this.#closed.promise
  }

  /** Breaks off whatever is under way. */
  destroy(): Promise<void> {
    this.#isClosing = true
    for (const { call } of this.#waiting.splice(0)) call.failed('unreachable')
    for (const socket of this.#connecting) socket.destroy()
    for (const connection of this.#open) connection.cut()
    return this.close()
  }

  freed(connection: Connection): void {
    let next = this.#waiting.shift()
    while (next !== undefined) {
      if (connection.carry(next.call, next.head)) return
      next = this.#waiting.shift()
    }
    if (this.#isClosing) connection.destroy()
    else this.#idle.push(connection)
  }

  gone(connection: Connection): void {
    this.#open.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    this.#makeRoom()
  }

  #connect(waiting: Waiting): void {
    const onOpen = (socket: Socket): void => {
      this.#connecting.delete(socket)
      const connection = new Connection(socket, this)
      this.#open.add(connection)
      this.#timer ??= setInterval(() => this.#watch(), TICK_MS).unref()
      if (!connection.carry(waiting.call, waiting.head)) this.freed(connection)
    }
    const onFailed = (failure: ServiceFailure): void => {
      this.#connecting.delete(socket)
      waiting.call.failed(failure)
      this.#makeRoom()
    }
    const socket = openSocket(this.#address, this.#settings.connectMs, onOpen, onFailed)
    this.#connecting.add(socket)
  }

  /** One connection less: whoever waits for one gets another. */
  #makeRoom(): void {
    while (this.#waiting.length > 0 && !this.isBusy) {
      const next = this.#waiting.shift()
      if (next !== undefined) this.#connect(next)
    }
    this.#settle()
  }

  #watch(): void {
    this.#tick++
    for (const connection of this.#open) connection.watch()
    for (const connection of this.#idle.filter((each) => this.#isSpent(each))) connection.destroy()
  }

  #isSpent(connection: Connection): boolean {
    const { movedAt, keptSeconds } = connection.standing
    const kept =
      keptSeconds === undefined ? KEPT_SECONDS : Math.min(keptSeconds - HEAD_START_SECONDS, MOST_KEPT_SECONDS)
    return this.#tick - movedAt > kept * TICKS_PER_SECOND
  }

  #settle(): void {
    if (this.#open.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
    if (this.#isClosing && this.#connecting.size === 0 && this.#waiting.length === 0) this.#closed.resolve()
  }
}

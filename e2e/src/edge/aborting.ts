import { connect, type Socket } from 'node:net'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

/** When a client breaks off. */
export const MOMENTS = ['at once', 'before the answer', 'in the upload', 'in the download'] as const
export type Moment = (typeof MOMENTS)[number]

const PATHS: Readonly<Record<Moment, string>> = {
  'at once': '/hang',
  'before the answer': '/hang',
  'in the upload': '/up',
  'in the download': '/down',
}

const PART = Buffer.alloc(64_000, 'x')

/** Clients that break off, and a service that is told of each when its moment has come. */
export class Aborting {
  readonly #head: string
  readonly #port: number
  readonly #moments = new Map<string, () => void>()
  #count = 0

  constructor(port: number, authorization: string) {
    this.#port = port
    this.#head = `HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\n`
  }

  /** What the service does; it never comes to an end. */
  readonly listener: RequestListener = (request, response) => {
    const url = new URL(request.url ?? '/', 'http://service')
    const reached = (): void => this.#moments.get(url.searchParams.get('id') ?? '')?.()
    request.on('error', () => undefined)
    const manners: Readonly<Record<string, (asked: IncomingMessage, answer: ServerResponse) => void>> = {
      '/hang': reached,
      '/up': (asked) => asked.once('data', reached),
      '/down': (_, answer) => answer.writeHead(200).write(PART),
      '/small': (_, answer) => answer.end('small'),
    }
    manners[url.pathname]?.(request, response)
  }

  /** A query by which the service knows a request, and when it has got it. */
  mark(): { readonly query: string; readonly reached: Promise<void> } {
    const id = String(this.#count++)
    const { promise: reached, resolve } = Promise.withResolvers<void>()
    this.#moments.set(id, resolve)
    return { query: `?id=${id}`, reached: reached.finally(() => this.#moments.delete(id)) }
  }

  /** Makes one request and breaks it off; resolves when the connection is gone. */
  async breakOff(moment: Moment): Promise<void> {
    const id = String(this.#count++)
    const socket = connect(this.#port, '127.0.0.1')
    // Every second one without a farewell (RST).
    const leave = (): void => void (this.#count % 2 === 0 ? socket.destroy() : socket.resetAndDestroy())
    this.#moments.set(id, leave)
    await gone(socket, () => {
      const path = `${PATHS[moment]}?id=${id}`
      if (moment === 'in the upload') {
        socket.write(`POST ${path} ${this.#head}Content-Length: 1000000\r\n\r\n`)
        socket.write(PART)
      } else {
        socket.write(`GET ${path} ${this.#head}\r\n`, moment === 'at once' ? leave : undefined)
      }
      if (moment === 'in the download') socket.once('data', leave)
    })
    this.#moments.delete(id)
  }
}

function gone(socket: Socket, onConnected: () => void): Promise<void> {
  return new Promise((resolve) => {
    socket.on('error', () => undefined).once('close', () => resolve())
    socket.once('connect', onConnected)
  })
}

/** Does something so many times, so many at a time. */
export async function repeat(times: number, atOnce: number, act: (at: number) => Promise<unknown>): Promise<void> {
  let begun = 0
  const work = async (): Promise<void> => {
    while (begun < times) await act(begun++)
  }
  await Promise.all(Array.from({ length: atOnce }, work))
}

import { once } from 'node:events'
import { Agent, createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { text } from 'node:stream/consumers'
import type { Secure } from './page-server.ts'

/**
 * What becomes of an exchange. `cut-request`: nobody hears of it. `cut-answer`: it is carried out, and the answer is lost on its way. `cut-body`: the
 * headers still come, and with them the cookie. `unavailable`: 503 instead. `hang`: it is carried out, and nothing comes until whoever asked gives up.
 */
export type Fate = 'pass' | 'cut-request' | 'cut-answer' | 'cut-body' | 'unavailable' | 'hang'

/** What becomes of an exchange, and how long each way takes. Milliseconds. */
export interface Plan {
  readonly fate: Fate
  readonly requestMs?: number
  readonly answerMs?: number
}

/** What came by. */
export interface Passed {
  readonly method: string
  readonly path: string
  /** The `Cookie` header, and what the server set: in a test's own memory, of accounts that it has made. */
  readonly cookie: string
  readonly setCookie: readonly string[]
  readonly fate: Fate
  /** Of the server; undefined when it did not hear of it, or did not answer. */
  readonly status: number | undefined
  /** What the server says is wrong: `code` or `error` of its answer. */
  readonly error: string | undefined
  /** Instants of the monotonic clock. */
  readonly cameAt: number
  readonly leftAt: number
}

/** A request, before its fate is known. */
export interface Coming {
  readonly method: string
  readonly path: string
}

const PASS: Plan = { fate: 'pass' }

/** Stands before the issuer, loses and delays what it is told to, and remembers what came by. */
export class FaultProxy {
  /** Decides the fate of each request. */
  decide: (coming: Coming) => Plan = () => PASS
  readonly passed: Passed[] = []
  readonly #server: Server
  readonly #agent = new Agent({ keepAlive: true })
  #target = 0

  private constructor(secure?: Secure) {
    const serve = (incoming: IncomingMessage, answer: ServerResponse): void => void this.#serve(incoming, answer)
    this.#server =
      secure === undefined
        ? createServer(serve)
        : createSecureServer({ cert: secure.certificate, key: secure.key }, serve)
  }

  /** Listens on a free port of the loopback; with a certificate, to https. */
  static async open(secure?: Secure): Promise<FaultProxy> {
    const proxy = new FaultProxy(secure)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen')
    return address.port
  }

  /** The port of the loopback to which it leads. */
  leadTo(port: number): void {
    this.#target = port
  }

  async close(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    this.#agent.destroy()
    await once(this.#server, 'close')
  }

  async #serve(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = incoming
    const cameAt = performance.now()
    // A preflight is no exchange of its own: what is to be lost is the request that follows.
    const plan = method === 'OPTIONS' ? PASS : this.decide({ method, path })
    const { cookie = '' } = incoming.headers
    const note: Note = (heard = UNHEARD) => {
      this.passed.push({ method, path, cookie, fate: plan.fate, ...heard, cameAt, leftAt: performance.now() })
    }
    await pause(plan.requestMs)
    if (plan.fate === 'cut-request') {
      note()
      return void incoming.socket.destroy()
    }
    if (plan.fate === 'unavailable') {
      note()
      return refuse(incoming, answer)
    }
    this.#forward(incoming, answer, plan, note)
  }

  #forward(incoming: IncomingMessage, answer: ServerResponse, { fate, answerMs }: Plan, note: Note): void {
    const { method, url, headers } = incoming
    const onward = request({ port: this.#target, host: '127.0.0.1', method, path: url, headers, agent: this.#agent })
    const breakDown = (): void => {
      note()
      incoming.socket.destroy()
    }
    const pass = async (heard: IncomingMessage): Promise<void> => {
      const { statusCode: status = 0, headers } = heard
      const { 'set-cookie': setCookie = [] } = headers
      const refusal = status >= 400 ? await text(heard) : undefined
      await (fate === 'hang' ? abandoned(answer) : pause(answerMs))
      note({ status, setCookie, error: refusal === undefined ? undefined : errorIn(refusal) })
      if (fate === 'cut-answer' || fate === 'hang') {
        heard.resume()
        return void incoming.socket.destroy()
      }
      answer.writeHead(status, headers)
      if (fate === 'cut-body') return breakOff(heard, answer)
      if (refusal !== undefined) return void answer.end(refusal)
      heard.once('error', () => answer.destroy())
      heard.pipe(answer)
    }
    onward.once('error', breakDown)
    onward.once('response', (heard) => void pass(heard).catch(breakDown))
    answer.once('close', () => onward.destroy())
    incoming.pipe(onward)
  }
}

/** What is known of an exchange of which nothing was heard from the server. */
const UNHEARD = { status: undefined, setCookie: [], error: undefined }

type Note = (heard?: Pick<Passed, 'status' | 'setCookie' | 'error'>) => void

function errorIn(body: string): string | undefined {
  return /"(?:code|error)":"(\w+)"/.exec(body)?.[1]
}

/** As a balancer does while it has nobody behind it. Pages may read it as they may the issuer's answers. */
function refuse(incoming: IncomingMessage, answer: ServerResponse): void {
  const { origin } = incoming.headers
  const readable = { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' }
  answer.writeHead(503, {
    'retry-after': '1',
    ...(origin !== undefined && { ...readable, 'access-control-expose-headers': 'retry-after' }),
  })
  answer.end()
}

/** The connection ends after the headers and a first piece of the body. */
function breakOff(heard: IncomingMessage, answer: ServerResponse): void {
  heard.resume()
  answer.write('{', () => setTimeout(() => answer.destroy(), 5))
}

/** Resolves when nobody waits for the answer any more. */
async function abandoned(answer: ServerResponse): Promise<void> {
  if (!answer.closed) await once(answer, 'close')
}

function pause(ms = 0): Promise<void> {
  return ms === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms))
}

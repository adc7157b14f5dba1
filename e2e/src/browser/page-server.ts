import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'

/** Answers a request that is for it; false: it is not. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => boolean

/** The certificate and key of a server that speaks https. */
export interface Secure {
  readonly certificate: string
  readonly key: string
}

const HTML = '<!doctype html><html lang="en"><title>a page</title><body><script src="/page.js"></script></body></html>'
const BLANK = '<!doctype html><html lang="en"><title>a page</title><body>blank</body></html>'

/** Pages of an origin of their own: `/` with a script, `/blank` without, and what handlers answer. */
export class PageServer {
  readonly handlers: Handler[] = []
  readonly #server: Server
  readonly #scheme: string
  readonly #script: string

  private constructor(script: string, secure?: Secure) {
    this.#script = script
    this.#scheme = secure === undefined ? 'http' : 'https'
    const serve = (request: IncomingMessage, response: ServerResponse): void => this.#serve(request, response)
    this.#server =
      secure === undefined
        ? createServer(serve)
        : createSecureServer({ cert: secure.certificate, key: secure.key }, serve)
  }

  static async open(script: string, secure?: Secure): Promise<PageServer> {
    const pages = new PageServer(script, secure)
    pages.#server.listen(0, '127.0.0.1')
    await once(pages.#server, 'listening')
    return pages
  }

  /** Its origin under this name, which must lead here. */
  origin(host = 'localhost'): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the pages have no port')
    return `${this.#scheme}://${host}:${address.port}`
  }

  async close(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    if (this.handlers.some((handle) => handle(request, response))) return
    const [path] = (request.url ?? '/').split('?', 1)
    const found = {
      '/': ['text/html', HTML],
      '/blank': ['text/html', BLANK],
      '/page.js': ['text/javascript', this.#script],
    }[path ?? '/']
    const [type = 'text/plain', body = 'not found'] = found ?? []
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': `${type}; charset=utf-8` }).end(body)
  }
}

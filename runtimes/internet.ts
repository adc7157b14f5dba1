import { Response, type Request } from 'miniflare'
import type { MemoryAuthority } from './src/authority.ts'

/** The internet as a worker reaches it: there is only the issuer, and it may take its time. */
export class Internet {
  readonly authority: MemoryAuthority
  #held = { path: '', until: Promise.resolve() }
  #arrived = (): void => undefined

  constructor(authority: MemoryAuthority) {
    this.authority = authority
  }

  readonly answer = async (request: Request): Promise<Response> => {
    const { status, body } = this.authority.answer(request.url, await request.text())
    if (new URL(request.url).pathname === this.#held.path) {
      this.#arrived()
      await this.#held.until
    }
    return new Response(typeof body === 'string' ? body : null, { status })
  }

  /** Holds back the answers of one route from now on, until they are released. Requests arrive at once. */
  hold(path: string): { readonly arrived: Promise<void>; readonly release: () => void } {
    const { promise: until, resolve: release } = Promise.withResolvers<void>()
    const { promise: arrived, resolve } = Promise.withResolvers<void>()
    this.#held = { path, until }
    this.#arrived = resolve
    return { arrived, release }
  }
}

/* The parts of peers without types that are measured here. */

declare module 'jsonwebtoken' {
  import type { KeyObject } from 'node:crypto'
  const jsonwebtoken: { verify(token: string, key: KeyObject, options: { algorithms: string[] }): object | string }
  export default jsonwebtoken
}

declare module 'express' {
  import type { IncomingMessage, ServerResponse } from 'node:http'
  interface Response extends ServerResponse {
    json(body: unknown): void
  }
  type Request = IncomingMessage & { session: { account?: string; regenerate(done: (error?: unknown) => void): void } }
  interface Application {
    use(handler: unknown): void
    get(path: string, handler: (request: Request, response: Response) => void): void
    post(path: string, handler: (request: Request, response: Response) => void): void
    listen(port: number, host: string, done: () => void): { address(): { port: number } }
  }
  export default function express(): Application
}

declare module 'express-session' {
  export default function session(options: object): unknown
}

declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'
  export class Provider {
    constructor(issuer: string, configuration: object)
    readonly Client: { find(id: string): Promise<object> }
    readonly Grant: new (of: object) => { addOIDCScope(scope: string): void; save(): Promise<string> }
    readonly RefreshToken: new (of: object) => { save(): Promise<string> }
    callback(): (request: IncomingMessage, response: ServerResponse) => void
  }
}

declare module 'autocannon' {
  interface Outcome {
    readonly requests: { readonly total: number; readonly average: number }
    readonly latency: { readonly p99: number }
    readonly non2xx: number
    readonly errors: number
  }
  export default function autocannon(options: {
    url: string
    connections: number
    duration: number
    headers?: Readonly<Record<string, string>>
  }): Promise<Outcome>
}

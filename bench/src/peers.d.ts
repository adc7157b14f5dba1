/* The parts of peers without types that are measured here. */

declare module 'jsonwebtoken' {
  import type { KeyObject } from 'node:crypto'
  const jsonwebtoken: { verify(token: string, key: KeyObject, options: { algorithms: string[] }): object | string }
  export default jsonwebtoken
}

declare module 'express-session' {
  import type { RequestHandler } from 'express'
  export default function session(options: object): RequestHandler
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

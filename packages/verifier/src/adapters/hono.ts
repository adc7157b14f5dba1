import type { Context, MiddlewareHandler } from 'hono'
import type { Accepted } from '../decision.ts'
import type { Verifier } from '../verifier.ts'
import type { AuthenticateOptions, Requirements } from './authenticate.ts'
import {
  authenticate as admit,
  authOf as authOfRequest,
  endWithSession as endResponse,
  require as check,
} from './fetch.ts'

declare module 'hono' {
  interface ContextVariableMap {
    /** Who sent it, after `authenticate`; undefined: nobody, where that is allowed. */
    auth: Accepted | undefined
  }
}

function handle(judge: (request: Request) => Promise<Response | undefined>): MiddlewareHandler {
  return async (c, next) => {
    const answer = await judge(c.req.raw)
    if (answer !== undefined) return answer
    c.set('auth', authOf(c))
    return next()
  }
}

/**
 * Finds out who sends requests, for Hono 4.
 *
 * @throws {TypeError} when the options could not mean anything.
 * @example
 * ```ts
 * app.use(authenticate(verifier))
 * app.get('/refunds', require({ roles: ['support'] }), (c) => c.json({ by: c.var.auth?.identity.accountId }))
 * ```
 */
export function authenticate(verifier: Verifier, options?: AuthenticateOptions): MiddlewareHandler {
  return handle(admit(verifier, options))
}

/**
 * Lets pass who meets the requirements: `app.get('/refunds', require({ roles: ['support'] }), handler)`. It goes after `authenticate`.
 *
 * @throws {TypeError} when the requirements could not mean anything.
 */
export function require(requirements?: Requirements): MiddlewareHandler {
  return handle(check(requirements))
}

/** Who sent a request that has been let in; undefined: nobody, where that is allowed. @throws {TypeError} before `authenticate`. */
export function authOf({ req }: Context): Accepted | undefined {
  return authOfRequest(req.raw)
}

/** The same answer, whose body breaks off when what let the request in ends: `return endWithSession(c, c.body(stream))`. */
export function endWithSession({ req }: Context, response: Response): Response {
  return endResponse(req.raw, response)
}

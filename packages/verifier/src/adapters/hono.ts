import type { Context, MiddlewareHandler } from 'hono'
import type { Accepted } from '../decision.ts'
import type { Verifier } from '../verifier.ts'
import { admit, checkPassport, type AuthenticateOptions, type Requirements } from './authenticate.ts'
import { authOf as authOfRequest, endWithSession as endResponse, presentedBy, toResponse } from './fetch.ts'

/**
 * Finds out who sends requests, for Hono 4.
 *
 * @example
 * ```ts
 * app.use(authenticate(verifier))
 * app.get('/refunds', require({ roles: ['support'] }), (c) => c.json(authOf(c)?.identity.accountId))
 * ```
 */
export function authenticate(verifier: Verifier, options?: AuthenticateOptions): MiddlewareHandler {
  return async ({ req: { raw } }, next) => {
    const answer = await admit(raw, verifier, presentedBy(raw), options)
    return answer === undefined ? next() : toResponse(answer)
  }
}

/** Lets pass who meets the requirements. It goes after `authenticate`. */
export function require(requirements: Requirements = {}): MiddlewareHandler {
  return async ({ req: { raw } }, next) => {
    const answer = await checkPassport(raw, requirements)
    return answer === undefined ? next() : toResponse(answer)
  }
}

/** Who sent a request that has been let in; undefined: nobody, where that is allowed. */
export function authOf({ req }: Context): Accepted | undefined {
  return authOfRequest(req.raw)
}

/** The same answer, whose body breaks off when what let the request in ends. */
export function endWithSession({ req }: Context, response: Response): Response {
  return endResponse(req.raw, response)
}

import type { Request, RequestHandler, Response } from 'express'
import type { Accepted } from '../decision.ts'
import type { Verifier } from '../verifier.ts'
import { admit, checkPassport, type AuthenticateOptions, type ReadyAnswer, type Requirements } from './authenticate.ts'
import { presentedBy, send } from './node-message.ts'
import { authOf } from './node.ts'

export { endWithSession } from './node.ts'

declare module 'express-serve-static-core' {
  interface Request {
    /** Who sent it, after `authenticate`; undefined: nobody, where that is allowed. */
    auth?: Accepted | undefined
  }
}

function handle(judge: (request: Request) => Promise<ReadyAnswer | undefined>): RequestHandler {
  return (request: Request, response: Response, next) => {
    judge(request).then((answer) => {
      if (answer !== undefined) return void send(response, answer)
      request.auth = authOf(request)
      next()
    }, next)
  }
}

/**
 * Finds out who sends requests, for Express 5.
 *
 * @example
 * ```ts
 * app.use(authenticate(verifier))
 * app.get('/refunds', require({ roles: ['support'], onStale: 'reject' }), (request, response) => {
 *   response.json({ by: request.auth?.identity.accountId })
 * })
 * ```
 */
export function authenticate(verifier: Verifier, options?: AuthenticateOptions): RequestHandler {
  return handle((request) => {
    const presented = presentedBy(request)
    const [path = '/'] = request.originalUrl.split('?', 1)
    return admit(request, verifier, { ...presented, path }, options)
  })
}

/** Lets pass who meets the requirements. It goes after `authenticate`. */
export function require(requirements: Requirements = {}): RequestHandler {
  return handle((request) => checkPassport(request, requirements))
}

import type { Request, RequestHandler } from 'express'
import type { Accepted } from '../decision.ts'
import type { Verifier } from '../verifier.ts'
import type { AuthenticateOptions, ReadyAnswer, Requirements } from './authenticate.ts'
import { presentedBy, send } from './node-message.ts'
import { authOf } from './node.ts'
import { admission, passage } from './passport.ts'

export { endWithSession } from './node.ts'

declare module 'express-serve-static-core' {
  interface Request {
    /** Who sent it, after `authenticate`; undefined: nobody, where that is allowed. */
    auth?: Accepted | undefined
  }
}

function handle(judge: (request: Request) => Promise<ReadyAnswer | undefined>): RequestHandler {
  return (request, response, next) => {
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
 * @throws {TypeError} when the options could not mean anything.
 * @example
 * ```ts
 * app.use(authenticate(verifier))
 * app.get('/refunds', require({ roles: ['support'], onStale: 'reject' }), (request, response) => {
 *   response.json({ by: request.auth?.identity.accountId })
 * })
 * ```
 */
export function authenticate(verifier: Verifier, options?: AuthenticateOptions): RequestHandler {
  const admit = admission(verifier, options)
  return handle((request) => {
    const [path = '/'] = request.originalUrl.split('?', 1)
    return admit(request, { ...presentedBy(request), path })
  })
}

/**
 * Lets pass who meets the requirements: `app.get('/refunds', require({ roles: ['support'] }), handler)`. It goes after `authenticate`.
 *
 * @throws {TypeError} when the requirements could not mean anything.
 */
export function require(requirements?: Requirements): RequestHandler {
  return handle(passage(requirements))
}

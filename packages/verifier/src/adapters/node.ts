import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Accepted } from '../decision.ts'
import type { Verifier } from '../verifier.ts'
import type { AuthenticateOptions, Requirements } from './authenticate.ts'
import { presentedBy, send } from './node-message.ts'
import { acceptedOf, admission, passage, whenEnded } from './passport.ts'

/**
 * Finds out who sends requests of node:http. False: the answer has been sent.
 *
 * @throws {TypeError} when the options could not mean anything.
 * @example
 * ```ts
 * const isKnown = authenticate(verifier)
 * createServer(async (request, response) => {
 *   if (!(await isKnown(request, response))) return
 *   response.end(authOf(request)?.identity.accountId)
 * })
 * ```
 */
export function authenticate(verifier: Verifier, options?: AuthenticateOptions) {
  const admit = admission(verifier, options)
  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const answer = await admit(request, presentedBy(request))
    return answer === undefined || send(response, answer)
  }
}

/**
 * Lets pass who meets the requirements. False: the answer has been sent. It goes after `authenticate`.
 *
 * @throws {TypeError} when the requirements could not mean anything.
 * @example
 * ```ts
 * const maySupport = require({ roles: ['support'] })
 * if (!(await maySupport(request, response))) return
 * ```
 */
export function require(requirements?: Requirements) {
  const check = passage(requirements)
  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const answer = await check(request)
    return answer === undefined || send(response, answer)
  }
}

/** Who sent a request that has been let in; undefined: nobody, where that is allowed. @throws {TypeError} before `authenticate`. */
export function authOf(request: IncomingMessage): Accepted | undefined {
  return acceptedOf(request)
}

/** Cuts an answer that goes on – a stream – when what let the request in ends: `endWithSession(request, response)`. */
export function endWithSession(request: IncomingMessage, response: ServerResponse): void {
  if (response.destroyed || response.closed) return
  const end = (): unknown => response.destroy()
  response.once('close', whenEnded(authOf(request), end))
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Accepted } from '../decision.ts'
import type { Verifier } from '../verifier.ts'
import { admit, checkPassport, passportOf, whenEnded } from './authenticate.ts'
import type { AuthenticateOptions, Requirements } from './authenticate.ts'
import { presentedBy, send } from './node-message.ts'

/**
 * Finds out who sends requests of node:http. False: the answer has been sent.
 *
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
  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const answer = await admit(request, verifier, presentedBy(request), options)
    return answer === undefined || send(response, answer)
  }
}

/** Lets pass who meets the requirements. False: the answer has been sent. It goes after `authenticate`. */
export function require(requirements: Requirements = {}) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const answer = await checkPassport(request, requirements)
    return answer === undefined || send(response, answer)
  }
}

/** Who sent a request that has been let in; undefined: nobody, where that is allowed. */
export function authOf(request: IncomingMessage): Accepted | undefined {
  return passportOf(request).accepted
}

/** Cuts an answer that goes on – a stream – when what let the request in ends. */
export function endWithSession(request: IncomingMessage, response: ServerResponse): void {
  response.once(
    'close',
    whenEnded(authOf(request), () => response.destroy()),
  )
}

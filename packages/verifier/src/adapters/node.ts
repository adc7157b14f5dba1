import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Accepted } from '../decision.ts'
import type { Verifier } from '../verifier.ts'
import {
  admit,
  checkPassport,
  passportOf,
  whenEnded,
  type AuthenticateOptions,
  type Presented,
  type ReadyAnswer,
  type Requirements,
} from './authenticate.ts'

/** What a request of Node tells of who sent it. */
export function presentedBy(request: IncomingMessage): Presented {
  const { method = 'GET', url = '/', rawHeaders } = request
  const [path = '/'] = url.split('?', 1)
  // Node shows the first of several; the raw list has them all.
  const authorization = rawHeaders.filter(
    (_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === 'authorization',
  )
  return { method, path, authorization }
}

/** Sends an answer, and says that there is nothing left to do. */
export function send(response: ServerResponse, { status, headers, body }: ReadyAnswer): false {
  response.writeHead(status, headers).end(body)
  return false
}

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

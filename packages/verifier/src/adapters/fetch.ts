import type { Accepted } from '../decision.ts'
import type { Verifier } from '../verifier.ts'
import { admit, checkPassport, passportOf, whenEnded } from './authenticate.ts'
import type { AuthenticateOptions, Presented, ReadyAnswer, Requirements } from './authenticate.ts'

/** What a request tells of who sent it. Several `Authorization` headers arrive joined; no credential holds a comma. */
export function presentedBy({ method, url, headers }: Request): Presented {
  const authorization = headers.get('authorization')?.split(/, */) ?? []
  return { method, path: new URL(url).pathname, authorization }
}

/** An answer as the platform has it. */
export function toResponse({ status, headers, body }: ReadyAnswer): Response {
  return new Response(status === 204 ? null : body, { status, headers })
}

/**
 * Finds out who sends a request, wherever `Request` becomes `Response`. What comes back is the answer to send if it ends here.
 *
 * @example
 * ```ts
 * const isKnown = authenticate(verifier)
 * export default { fetch: async (request) => (await isKnown(request)) ?? Response.json(authOf(request)?.identity) }
 * ```
 */
export function authenticate(verifier: Verifier, options?: AuthenticateOptions) {
  return async (request: Request): Promise<Response | undefined> => {
    const answer = await admit(request, verifier, presentedBy(request), options)
    return answer && toResponse(answer)
  }
}

/** Lets pass who meets the requirements. It goes after `authenticate`. */
export function require(requirements: Requirements = {}) {
  return async (request: Request): Promise<Response | undefined> => {
    const answer = await checkPassport(request, requirements)
    return answer && toResponse(answer)
  }
}

/** Who sent a request that has been let in; undefined: nobody, where that is allowed. */
export function authOf(request: Request): Accepted | undefined {
  return passportOf(request).accepted
}

/** The same answer, whose body breaks off when what let the request in ends. */
export function endWithSession(request: Request, response: Response): Response {
  if (response.body === null) return response
  const pipe = new TransformStream<Uint8Array, Uint8Array>()
  const cut = new AbortController()
  const stop = whenEnded(authOf(request), () => cut.abort(new Error('the session has ended')))
  response.body.pipeTo(pipe.writable, { signal: cut.signal }).then(stop, stop)
  return new Response(pipe.readable, response)
}

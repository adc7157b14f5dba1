import { PROOF_HEADER } from '@counterfoil/protocol'
import type { Accepted } from '../decision.ts'
import type { Verifier } from '../verifier.ts'
import type { AuthenticateOptions, Presented, ReadyAnswer, Requirements } from './authenticate.ts'
import { acceptedOf, admission, passage, whenEnded } from './passport.ts'

/** What a request tells of who sent it. Several headers of one name arrive joined by commas, which neither a credential nor a proof holds. */
export function presentedBy({ method, url, headers }: Request): Presented {
  const joined = headers.get('authorization')
  // Other schemes hold commas of their own.
  const authorization = joined?.split(/^(?:bearer|dpop) /i.test(joined) ? ',' : /,(?= *(?:bearer|dpop) )/i) ?? []
  const proof = headers.get(PROOF_HEADER)
  return { method, path: new URL(url).pathname, authorization, proofs: proof === null ? [] : [proof] }
}

/** Judges a request: the answer to send if it ends here. */
function respond(judge: (request: Request) => Promise<ReadyAnswer | undefined>) {
  return async (request: Request): Promise<Response | undefined> => {
    const answer = await judge(request)
    return answer && new Response(answer.status === 204 ? null : answer.body, answer)
  }
}

/**
 * Finds out who sends a request, wherever `Request` becomes `Response`. What comes back is the answer to send if it ends here.
 *
 * @throws {TypeError} when the options could not mean anything.
 * @example
 * ```ts
 * const admit = authenticate(verifier)
 * export default { fetch: async (request) => (await admit(request)) ?? Response.json(authOf(request)?.identity) }
 * ```
 */
export function authenticate(verifier: Verifier, options?: AuthenticateOptions) {
  const admit = admission(verifier, options)
  return respond((request) => admit(request, presentedBy(request)))
}

/**
 * Lets pass who meets the requirements: `(await require({ roles: ['support'] })(request)) ?? answer()`. It goes after `authenticate`.
 *
 * @throws {TypeError} when the requirements could not mean anything.
 */
export function require(requirements?: Requirements) {
  return respond(passage(requirements))
}

/** Who sent a request that has been let in; undefined: nobody, where that is allowed. @throws {TypeError} before `authenticate`. */
export function authOf(request: Request): Accepted | undefined {
  return acceptedOf(request)
}

/** The same answer, whose body breaks off when what let the request in ends: `return endWithSession(request, new Response(stream))`. */
export function endWithSession(request: Request, response: Response): Response {
  if (response.body === null) return response
  const pipe = new TransformStream<Uint8Array, Uint8Array>()
  const cut = new AbortController()
  const stop = whenEnded(authOf(request), () => cut.abort(new Error('the session has ended')))
  response.body.pipeTo(pipe.writable, { signal: cut.signal }).then(stop, stop)
  return new Response(pipe.readable, response)
}

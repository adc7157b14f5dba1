import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Accepted } from '../decision.ts'
import type { Verifier } from '../verifier.ts'
import { admit, checkPassport, type AuthenticateOptions, type ReadyAnswer, type Requirements } from './authenticate.ts'
import { presentedBy } from './node-message.ts'
import { authOf as authOfMessage, endWithSession as endMessage } from './node.ts'

type Hook = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>

function send(reply: FastifyReply, { status, headers, body }: ReadyAnswer): FastifyReply {
  return reply.code(status).headers(headers).send(body)
}

/**
 * Finds out who sends requests, for Fastify 5: an `onRequest` hook, so that nobody's body is read who may not send one.
 *
 * @example
 * ```ts
 * app.addHook('onRequest', authenticate(verifier))
 * app.get('/refunds', { onRequest: require({ roles: ['support'] }) }, (request) => authOf(request)?.identity.accountId)
 * ```
 */
export function authenticate(verifier: Verifier, options?: AuthenticateOptions): Hook {
  return async ({ raw }, reply) => {
    const answer = await admit(raw, verifier, presentedBy(raw), options)
    return answer && send(reply, answer)
  }
}

/** Lets pass who meets the requirements: an `onRequest` hook of a route. It goes after `authenticate`. */
export function require(requirements: Requirements = {}): Hook {
  return async ({ raw }, reply) => {
    const answer = await checkPassport(raw, requirements)
    return answer && send(reply, answer)
  }
}

/** Who sent a request that has been let in; undefined: nobody, where that is allowed. */
export function authOf({ raw }: FastifyRequest): Accepted | undefined {
  return authOfMessage(raw)
}

/** Cuts an answer that goes on – a stream – when what let the request in ends. */
export function endWithSession({ raw }: FastifyRequest, reply: FastifyReply): void {
  endMessage(raw, reply.raw)
}

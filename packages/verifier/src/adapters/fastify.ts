import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Accepted } from '../decision.ts'
import type { Verifier } from '../verifier.ts'
import type { AuthenticateOptions, ReadyAnswer, Requirements } from './authenticate.ts'
import { presentedBy } from './node-message.ts'
import { authOf as authOfMessage, endWithSession as endMessage } from './node.ts'
import { admission, passage } from './passport.ts'

type Hook = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>

function hook(judge: (raw: FastifyRequest['raw']) => Promise<ReadyAnswer | undefined>): Hook {
  return async ({ raw }, reply) => {
    const answer = await judge(raw)
    return answer && reply.code(answer.status).headers(answer.headers).send(answer.body)
  }
}

/**
 * Finds out who sends requests, for Fastify 5: an `onRequest` hook, so that nobody's body is read who may not send one.
 *
 * @throws {TypeError} when the options could not mean anything.
 * @example
 * ```ts
 * app.addHook('onRequest', authenticate(verifier))
 * app.get('/refunds', { onRequest: require({ roles: ['support'] }) }, (request) => authOf(request)?.identity.accountId)
 * ```
 */
export function authenticate(verifier: Verifier, options?: AuthenticateOptions): Hook {
  const admit = admission(verifier, options)
  return hook((raw) => admit(raw, presentedBy(raw)))
}

/**
 * Lets pass who meets the requirements: `{ onRequest: require({ roles: ['support'] }) }` of a route. It goes after `authenticate`.
 *
 * @throws {TypeError} when the requirements could not mean anything.
 */
export function require(requirements?: Requirements): Hook {
  return hook(passage(requirements))
}

/** Who sent a request that has been let in; undefined: nobody, where that is allowed. @throws {TypeError} before `authenticate`. */
export function authOf({ raw }: FastifyRequest): Accepted | undefined {
  return authOfMessage(raw)
}

/** Cuts an answer that goes on – a stream – when what let the request in ends: `endWithSession(request, reply)`. */
export function endWithSession({ raw }: FastifyRequest, reply: FastifyReply): void {
  endMessage(raw, reply.raw)
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CanActivate, ExecutionContext } from '@nestjs/common'
import type { Accepted } from '../decision.ts'
import type { Verifier } from '../verifier.ts'
import type { AuthenticateOptions, ReadyAnswer, Requirements } from './authenticate.ts'
import { presentedBy, send } from './node-message.ts'
import { authOf as authOfMessage, endWithSession as endMessage } from './node.ts'
import { admission, passage } from './passport.ts'

/** Nest over Express has Node's own objects; over Fastify, its objects have Node's as `raw`. */
type Over<Message extends object> = Message | { readonly raw: Message }

function rawOf<Message extends object>(object: Over<Message>): Message {
  return 'raw' in object ? object.raw : object
}

function guard(judge: (request: IncomingMessage) => Promise<ReadyAnswer | undefined>): CanActivate {
  return {
    async canActivate(context: ExecutionContext): Promise<boolean> {
      const http = context.switchToHttp()
      const answer = await judge(rawOf<IncomingMessage>(http.getRequest()))
      // What Nest says of a guard that refuses comes too late: the answer has been sent.
      return answer === undefined || send(rawOf<ServerResponse>(http.getResponse()), answer)
    },
  }
}

/**
 * Finds out who sends requests, as a guard of NestJS 12: `app.useGlobalGuards(authenticate(verifier))`. Guards stand before routes, so
 * the `probe` needs a route at its path, whatever that answers.
 *
 * @throws {TypeError} when the options could not mean anything.
 */
export function authenticate(verifier: Verifier, options?: AuthenticateOptions): CanActivate {
  const admit = admission(verifier, options)
  return guard((request) => admit(request, presentedBy(request)))
}

/**
 * Lets pass who meets the requirements: `@UseGuards(require({ roles: ['support'] }))`. It goes after `authenticate`.
 *
 * @throws {TypeError} when the requirements could not mean anything.
 */
export function require(requirements?: Requirements): CanActivate {
  return guard(passage(requirements))
}

/** Who sent a request that has been let in, in a route: `authOf(request)`. @throws {TypeError} before `authenticate`. */
export function authOf(request: Over<IncomingMessage>): Accepted | undefined {
  return authOfMessage(rawOf(request))
}

/** Cuts an answer that goes on – a stream – when what let the request in ends: `endWithSession(request, response)`. */
export function endWithSession(request: Over<IncomingMessage>, response: Over<ServerResponse>): void {
  endMessage(rawOf(request), rawOf(response))
}

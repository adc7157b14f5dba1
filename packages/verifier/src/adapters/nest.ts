import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CanActivate, ExecutionContext } from '@nestjs/common'
import type { Verifier } from '../verifier.ts'
import { admit, checkPassport, type AuthenticateOptions, type ReadyAnswer, type Requirements } from './authenticate.ts'
import { presentedBy, send } from './node-message.ts'

export { authOf, endWithSession } from './node.ts'

/** Guards of the HTTP side: over Express, or over Fastify, whose objects have Node's as `raw`. */
function guard(judge: (request: IncomingMessage) => Promise<ReadyAnswer | undefined>): CanActivate {
  return {
    async canActivate(context: ExecutionContext): Promise<boolean> {
      const request = rawOf<IncomingMessage>(context.switchToHttp().getRequest())
      const response = rawOf<ServerResponse>(context.switchToHttp().getResponse())
      const answer = await judge(request)
      if (answer === undefined) return true
      // What Nest says of a guard that refuses comes too late: the answer has been sent.
      return send(response, answer)
    },
  }
}

function rawOf<Raw extends object>(object: Raw | { readonly raw: Raw }): Raw {
  return 'raw' in object ? object.raw : object
}

/**
 * Finds out who sends requests, as a guard of NestJS 12.
 *
 * @example
 * ```ts
 * app.useGlobalGuards(authenticate(verifier))
 * ```
 */
export function authenticate(verifier: Verifier, options?: AuthenticateOptions): CanActivate {
  return guard((request) => admit(request, verifier, presentedBy(request), options))
}

/** Lets pass who meets the requirements: `@UseGuards(require({ roles: ['support'] }))`. It goes after `authenticate`. */
export function require(requirements: Requirements = {}): CanActivate {
  return guard((request) => checkPassport(request, requirements))
}

import type { IncomingMessage } from 'node:http'
import { isRefusal, type Caller } from '@counterfoil/core'
import { opaqueTokenKind, SESSION_COOKIE } from '@counterfoil/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ServerContext } from '../context.ts'
import { readCredential, type Presented } from './credentials.ts'
import { changesSomething, isOriginAllowed, judgeOrigin } from './cross-origin.ts'
import { faultOfRefusal, type Fault } from './faults.ts'
import { fetchMetadata } from './origin.ts'
import { sendProblem } from './problems.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls; set by `identify`. */
    caller: Caller | null
    /** Whose request it turned out to be without a caller: for the log. */
    subject: Pick<Caller, 'account' | 'session'> | null
  }
}

/** Whose credential this is. A refresh token is no credential for requests (ASVS 9.2.2). */
export async function recognise(context: ServerContext, text: string): Promise<Caller | Fault> {
  const kind = opaqueTokenKind(text)
  if (kind === 'refresh') return { code: 'credential_untrusted' }
  if (kind === 'session') return callerOrFault(await context.auth.recogniseSessionToken(text))
  const claims = await context.tokens.readOwn(text)
  if (typeof claims === 'string') return { code: claims }
  return callerOrFault(await context.auth.recogniseAccessToken(claims))
}

function callerOrFault(outcome: Awaited<ReturnType<ServerContext['auth']['recogniseAccessToken']>>): Caller | Fault {
  return isRefusal(outcome) ? faultOfRefusal(outcome) : outcome
}

/** Whether what was meant to tell who calls tells why that is unknown. */
export function isFault(found: Caller | Fault): found is Fault {
  return 'code' in found
}

/** Who makes a request, by its header or its cookie. With a cookie, one that changes something must come from where it may. */
export async function recogniseRequest(
  context: ServerContext,
  message: IncomingMessage,
  method: string,
): Promise<Caller | Fault> {
  const presented = readCredential(message, SESSION_COOKIE)
  if (presented === undefined) return { code: 'credential_absent' }
  if (presented === 'ambiguous') return { code: 'ambiguous_credentials' }
  return presented.carrier === 'cookie' && changesSomething(method)
    ? recogniseChange(context, message, presented)
    : recognise(context, presented.text)
}

async function recogniseChange(
  context: ServerContext,
  message: IncomingMessage,
  { text }: Presented,
): Promise<Caller | Fault> {
  const metadata = fetchMetadata(message)
  if (judgeOrigin(metadata, context.origin) === 'foreign') return { code: 'cross_origin' }
  const found = await recognise(context, text)
  if (isFault(found)) return found
  return isOriginAllowed(metadata, context.origin, found.application.origins) ? found : { code: 'cross_origin' }
}

/** A hook that finds out who calls before the body is read, and answers for the route when nobody may. */
export function createIdentify(context: ServerContext) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const found = await recogniseRequest(context, request.raw, request.method)
    if (isFault(found)) sendProblem(reply, found)
    else request.caller = found
  }
}

/** Who calls, on a route that has `identify` before it. */
export function callerOf({ caller }: { readonly caller: Caller | null }): Caller {
  if (caller === null) throw new TypeError('a route asks who calls, and no hook has found out')
  return caller
}

import type { IncomingMessage } from 'node:http'
import { isRefusal, type Caller } from '@counterfoil/core'
import { opaqueTokenKind, PROOF_HEADER, SESSION_COOKIE } from '@counterfoil/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ServerContext } from '../context.ts'
import { readCredential, type Presented } from './credentials.ts'
import { changesSomething, isOriginAllowed, judgeOrigin } from './cross-origin.ts'
import { faultOfRefusal, type Fault } from './faults.ts'
import { fetchMetadata } from './origin.ts'
import { addressedBy, handOutNonce, judgeProof, type Addressed } from './proof.ts'
import { sendProblem } from './problems.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls; set by `identify`. */
    caller: Caller | null
    /** Whose request it turned out to be without a caller: for the log. */
    subject: Pick<Caller, 'account' | 'session'> | null
  }
}

/** Looks at what a credential is bound to: why it lets nobody in, or undefined. */
type JudgeBinding = (keyThumbprint: string | undefined) => Promise<Fault | undefined> | Fault | undefined

/**
 * Whose credential this is. A refresh token is no credential for requests (ASVS 9.2.2). The binding is judged once the token is known to be ours: a flood
 * of made-up ones never has a proof remembered.
 */
async function recognise(context: ServerContext, text: string, judge: JudgeBinding): Promise<Caller | Fault> {
  const kind = opaqueTokenKind(text)
  if (kind === 'refresh') return { code: 'credential_untrusted' }
  const claims = kind === 'session' ? undefined : await context.tokens.readOwn(text)
  if (typeof claims === 'string') return { code: claims }
  const fault = await judge(claims?.cnf?.jkt)
  if (fault !== undefined) return fault
  return callerOrFault(
    claims === undefined
      ? await context.auth.recogniseSessionToken(text)
      : await context.auth.recogniseAccessToken(claims),
  )
}

/** The same for a credential that a client held until now, and that came with a proof of this key, if any. */
export function recogniseHeld(
  context: ServerContext,
  text: string,
  proven: string | undefined,
): Promise<Caller | Fault> {
  return recognise(context, text, (bound) =>
    bound === undefined || bound === proven ? undefined : { code: 'credential_bound' },
  )
}

/** Whose request it is by its credential, with the proof that must come along where the credential is bound to a key. */
async function recognisePresented(
  context: ServerContext,
  message: IncomingMessage,
  { scheme, text }: Presented,
  addressed: Addressed,
): Promise<Caller | Fault> {
  const found = await recognise(context, text, (keyThumbprint) => {
    if (scheme === 'Bearer') return keyThumbprint === undefined ? undefined : { code: 'credential_bound' }
    if (keyThumbprint === undefined) return { code: 'credential_unbound' }
    return judgeProof(context, message, addressed, { token: text, keyThumbprint })
  })
  return isFault(found) && scheme === 'DPoP' ? { ...found, scheme } : found
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
  addressed: Addressed,
): Promise<Caller | Fault> {
  const presented = readCredential(message, SESSION_COOKIE)
  if (presented === undefined) return { code: 'credential_absent' }
  if (presented === 'ambiguous') return { code: 'ambiguous_credentials' }
  return presented.carrier === 'cookie' && changesSomething(addressed.method)
    ? recogniseChange(context, message, presented, addressed)
    : recognisePresented(context, message, presented, addressed)
}

async function recogniseChange(
  context: ServerContext,
  message: IncomingMessage,
  presented: Presented,
  addressed: Addressed,
): Promise<Caller | Fault> {
  const metadata = fetchMetadata(message)
  if (judgeOrigin(metadata, context.origin) === 'foreign') return { code: 'cross_origin' }
  const found = await recognisePresented(context, message, presented, addressed)
  if (isFault(found)) return found
  return isOriginAllowed(metadata, context.origin, found.application.origins) ? found : { code: 'cross_origin' }
}

/** A hook that finds out who calls before the body is read, and answers for the route when nobody may. */
export function createIdentify(context: ServerContext) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const found = await recogniseRequest(context, request.raw, addressedBy(context, request.raw))
    if (isFault(found)) sendProblem(reply, found)
    else {
      request.caller = found
      if (request.headers[PROOF_HEADER] !== undefined) await handOutNonce(context, reply)
    }
  }
}

/** Who calls, on a route that has `identify` before it. */
export function callerOf({ caller }: { readonly caller: Caller | null }): Caller {
  if (caller === null) throw new TypeError('a route asks who calls, and no hook has found out')
  return caller
}

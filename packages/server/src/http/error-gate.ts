import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { faultOfError, type Fault } from './faults.ts'
import { oauthFaultOf, sendOAuthError } from './oauth-errors.ts'
import { sendProblem } from './problems.ts'

/** The private side of an error goes to the log, and nowhere else. */
export function logFault({ id, log }: FastifyRequest, error: unknown, { code }: Fault): void {
  const line = { request_id: id, err: error }
  if (code === 'internal') log.error(line, 'a request failed')
  else if (code === 'store_unavailable') log.warn(line, 'a store is out of reach')
}

/** The one gate through which everything that is thrown becomes an answer. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const fault = faultOfError(error)
    logFault(request, error, fault)
    sendProblem(reply, fault)
  })
}

/** The same at the OAuth endpoints, in the words of their RFCs. */
export function answerOAuthErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const fault = faultOfError(error)
    logFault(request, error, fault)
    sendOAuthError(reply, oauthFaultOf(fault))
  })
}

/** What the router refuses before there is a route: no hook has run, so the headers of every answer are put on here. */
export function answerFrameworkError(
  headers: Readonly<Record<string, string>>,
): (error: Error, request: unknown, reply: FastifyReply) => void {
  return (error, _request, reply) => {
    reply.headers(headers)
    sendProblem(reply, faultOfError(error))
  }
}

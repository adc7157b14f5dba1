import { randomBytes } from 'node:crypto'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { pino, type LoggerOptions } from 'pino'

/** Members whose values sign somebody in. Nothing logs them; should anything ever do, they are masked. */
const SECRET_MEMBERS = [
  'authorization',
  'cookie',
  '["set-cookie"]',
  'password',
  'current_password',
  'new_password',
  'access_token',
  'refresh_token',
  'session_token',
  'client_secret',
  'secret',
  'token',
  'key',
  'email',
]

const REDACTED = SECRET_MEMBERS.flatMap((member) => [member, `*${dotted(member)}`, `*.*${dotted(member)}`])

function dotted(member: string): string {
  return member.startsWith('[') ? member : `.${member}`
}

interface Explained {
  readonly type: string
  readonly message: string
  readonly stack: string | undefined
  readonly code?: unknown
  readonly cause?: Explained
}

/** What the log says of an error: no other members, for nobody knows what they hold. */
export function explainError(error: Error): Explained {
  const { name, message, stack, cause }: Error & { readonly code?: unknown } = error
  return {
    type: name,
    message,
    stack,
    ...('code' in error && { code: error.code }),
    ...(cause instanceof Error && { cause: explainError(cause) }),
  }
}

/** A request or a reply that somebody logs as a whole would take its headers along. */
function explainNothing(): undefined {
  return undefined
}

/** The operator's options of pino, with masks and with what is told of errors where they say nothing else. */
export function loggerOptions(given: LoggerOptions): LoggerOptions {
  return {
    ...given,
    redact: given.redact ?? { paths: REDACTED, censor: '[masked]' },
    serializers: { err: explainError, req: explainNothing, res: explainNothing, ...given.serializers },
  }
}

/** The logger that the operator gave, or one with these options; undefined when nothing is to be logged. */
export function createLogger(
  given: LoggerOptions | FastifyBaseLogger | false | undefined,
): FastifyBaseLogger | undefined {
  if (given === undefined || given === false) return undefined
  return isLogger(given) ? given : pino(loggerOptions(given))
}

function isLogger(given: LoggerOptions | FastifyBaseLogger): given is FastifyBaseLogger {
  return 'child' in given && typeof given.child === 'function'
}

/** Gives requests names that differ between processes and restarts, for a fraction of what randomness costs. */
export function createRequestIds(): () => string {
  const prefix = randomBytes(6).toString('base64url')
  let count = 0
  return () => `${prefix}-${(count++).toString(36)}`
}

/** One line for each request: the route's pattern, since a path can hold anything. Neither headers nor bodies. */
function logRequest(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const who = request.caller ?? request.subject
  request.log.info(
    {
      request_id: request.id,
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      account: who?.account.id,
      session: who?.session.id,
    },
    'request',
  )
  done()
}

/** Logs each request once it has been answered. */
export function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', logRequest)
}

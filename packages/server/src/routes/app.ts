import type { IncomingMessage, ServerResponse } from 'node:http'
import { isRefusal, type Outcome, type Refusal } from '@counterfoil/core'
import type { ErrorCode } from '@counterfoil/protocol'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import { faultOfRefusal, type Fault } from '../http/faults.ts'
import { sendProblem, type Answerable } from '../http/problems.ts'
import type { WireTypes } from '../wire/schema.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Which errors of the table this route answers with, besides those that follow from its schema. For the documentation. */
    readonly errors?: readonly ErrorCode[]
    /** `false`: the route answers pages of other origins by itself, or not at all. */
    readonly cors?: false
  }
}

/** A Fastify instance whose routes have the types of their schemas. */
export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, WireTypes>

/** Answers with a fault in place of a result. */
export function answerFault(reply: Answerable, fault: Fault): undefined {
  sendProblem(reply, fault)
  return undefined
}

/** Answers with a refusal in place of a result. */
export function answerRefusal(reply: Answerable, refusal: Refusal): undefined {
  return answerFault(reply, faultOfRefusal(refusal))
}

/** The result of a use case, or undefined when its refusal has been answered. */
export function resultOf<Result extends object>(reply: Answerable, outcome: Outcome<Result>): Result | undefined {
  return isRefusal(outcome) ? answerRefusal(reply, outcome) : outcome
}

/** Security of a route: either credential will do. */
export const BY_SESSION = [{ bearer: [] }, { dpop: [] }, { session_cookie: [] }]

import { ROUTES } from '@counterfoil/protocol'
import { Type } from 'typebox'
import type { ServerContext } from '../context.ts'
import { exactObject } from '../wire/schema.ts'
import { answerFault, type App } from './app.ts'

const tags = ['Health']

const healthz = {
  operationId: 'healthz',
  summary: 'Alive?',
  tags,
  response: { 200: exactObject({ status: Type.Literal('alive') }) },
}

const readyz = {
  operationId: 'readyz',
  summary: 'Ready?',
  description:
    'Whether the stores answer and the keys are there. 503 from the moment that the server is asked to stop.',
  tags,
  response: { 200: exactObject({ status: Type.Literal('ready') }) },
}

/** Liveness and readiness. */
export function addHealthRoutes(app: App, { auth, isDraining }: ServerContext): void {
  app.get(ROUTES.healthz, { schema: healthz }, () => ({ status: 'alive' as const }))
  app.get(
    ROUTES.readyz,
    { schema: readyz, config: { errors: ['store_unavailable', 'draining'] } },
    async (_request, reply) => {
      if (isDraining()) return answerFault(reply, { code: 'draining' })
      await auth.check()
      return { status: 'ready' as const }
    },
  )
}

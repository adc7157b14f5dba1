import { isRefusal, type Caller, type Refusal } from '@counterfoil/core'
import { ROUTES } from '@counterfoil/protocol'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { ServerContext } from '../context.ts'
import { entityTag, isKnown, readCondition, type Condition } from '../http/entity-tags.ts'
import { callerOf, createIdentify } from '../http/identify.ts'
import { exactObject } from '../wire/schema.ts'
import { answerFault, answerRefusal, BY_SESSION, resultOf, type App } from './app.ts'

const tags = ['Session data']

const params = exactObject({
  name: Type.String({
    pattern: '^[A-Za-z0-9][A-Za-z0-9._~-]{0,63}$',
    description: 'A name of 1 to 64 letters, digits, ".", "_", "~" and "-", beginning with a letter or digit.',
    examples: ['cart'],
  }),
})

const conditions = Type.Object({
  'if-match': Type.Optional(
    Type.String({ description: 'Only if the data is still at this version; `*`: only if it is there.' }),
  ),
  'if-none-match': Type.Optional(Type.String({ description: '`*`: only if it is not there.' })),
})

const Value = Type.Unknown({ description: 'Any JSON value.', examples: [['tea']] })

const readAttribute = {
  operationId: 'readAttribute',
  summary: 'Read an attribute',
  description: 'The value, with the version of the session data as `ETag`.',
  tags,
  security: BY_SESSION,
  params,
  headers: Type.Object({
    'if-none-match': Type.Optional(Type.String({ description: 'A version that the reader has.' })),
  }),
  response: { 200: Value, 304: Type.Null({ description: 'The reader has it already.' }) },
}

const setAttribute = {
  operationId: 'setAttribute',
  summary: 'Set an attribute',
  description:
    'Stateful and hybrid sessions. All attributes of a session have one version, and hold at most 64 KiB together.',
  tags,
  security: BY_SESSION,
  params,
  headers: conditions,
  body: Value,
  response: { 204: Type.Null({ description: 'Done; `ETag` is the new version.' }) },
}

const removeAttribute = {
  operationId: 'removeAttribute',
  summary: 'Take an attribute away',
  tags,
  security: BY_SESSION,
  params,
  headers: conditions,
  response: { 204: Type.Null({ description: 'It is not there (any more); `ETag` is the new version.' }) },
}

const PATH = `${ROUTES.attributes}/:name`

/** Per-session data of the application. */
export function addAttributeRoutes(app: App, context: ServerContext): void {
  const { auth } = context
  const onRequest = createIdentify(context)
  const reading = { errors: ['not_found', 'no_attributes'] } as const
  app.get(PATH, { schema: readAttribute, onRequest, config: reading }, async (request, reply) => {
    const held = resultOf(reply, await auth.readAttributes(callerOf(request)))
    if (held === undefined) return undefined
    const { name } = request.params
    if (!Object.hasOwn(held.attributes, name)) return answerFault(reply, { code: 'not_found' })
    reply.header('etag', entityTag(held.version))
    if (isKnown(request.headers['if-none-match'], held.version)) {
      reply.code(304).send(null)
      return undefined
    }
    // As text: a bare string would be taken for a body that is serialised already.
    reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(held.attributes[name]))
    return undefined
  })

  const writing = { errors: ['no_attributes', 'attribute_changed', 'attributes_too_large'] } as const
  const write = async (request: Pick<FastifyRequest, 'headers' | 'caller'>, name: string, value: unknown) => {
    const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers
    return writeUnder(context, callerOf(request), { name, value, condition: readCondition(ifMatch, ifNoneMatch) })
  }
  app.put(PATH, { schema: setAttribute, onRequest, config: writing }, async (request, reply) => {
    if (request.body === undefined) return answerFault(reply, { code: 'malformed_json', detail: 'The body is empty.' })
    const outcome = await write(request, request.params.name, request.body)
    if (isRefusal(outcome)) return answerRefusal(reply, outcome)
    reply.code(204).header('etag', entityTag(outcome.version)).send(null)
    return undefined
  })
  app.delete(PATH, { schema: removeAttribute, onRequest, config: writing }, async (request, reply) => {
    const outcome = await write(request, request.params.name, undefined)
    if (isRefusal(outcome)) return answerRefusal(reply, outcome)
    reply.code(204).header('etag', entityTag(outcome.version)).send(null)
    return undefined
  })
}

interface Write {
  readonly name: string
  readonly value: unknown
  readonly condition: Condition
}

/** Writes if the condition holds; the version that it was judged by must still stand when the write happens. */
async function writeUnder(
  { auth }: ServerContext,
  caller: Caller,
  { name, value, condition }: Write,
): Promise<{ readonly version: number } | Refusal> {
  if (condition.kind === 'none') return auth.writeAttribute(caller, name, value, undefined)
  const held = await auth.readAttributes(caller)
  if (isRefusal(held)) return held
  const present = Object.hasOwn(held.attributes, name)
  return holds(condition, present, held.version)
    ? auth.writeAttribute(caller, name, value, held.version)
    : { refused: 'attribute_changed' }
}

function holds(condition: Condition, present: boolean, version: number): boolean {
  switch (condition.kind) {
    case 'none':
      return true
    case 'present':
      return present
    case 'absent':
      return !present
    case 'versions':
      return condition.versions.includes(version)
  }
}

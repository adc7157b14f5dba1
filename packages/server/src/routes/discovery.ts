import type { PublicJwk } from '@counterfoil/core'
import { PROOF_ALGORITHMS, ROUTES, SIGNING_ALGORITHMS } from '@counterfoil/protocol'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import type { ServerContext } from '../context.ts'
import { exactObject } from '../wire/schema.ts'
import type { App } from './app.ts'

const tags = ['Discovery']
const Texts = Type.Array(Type.String())

const metadata = {
  operationId: 'metadata',
  summary: 'Metadata',
  description: 'What the issuer can do, and where (RFC 8414).',
  tags,
  response: {
    200: exactObject(
      {
        issuer: Type.String(),
        token_endpoint: Type.String(),
        jwks_uri: Type.String(),
        response_types_supported: Texts,
        grant_types_supported: Texts,
        token_endpoint_auth_methods_supported: Texts,
        revocation_endpoint: Type.String(),
        revocation_endpoint_auth_methods_supported: Texts,
        introspection_endpoint: Type.String(),
        introspection_endpoint_auth_methods_supported: Texts,
        dpop_signing_alg_values_supported: Texts,
        service_documentation: Type.String(),
      },
      { title: 'Metadata' },
    ),
  },
}

const Jwk = exactObject(
  {
    kty: Type.String(),
    kid: Type.String(),
    alg: Type.Enum([...SIGNING_ALGORITHMS]),
    use: Type.Literal('sig'),
    crv: Type.Optional(Type.String()),
    x: Type.Optional(Type.String()),
    y: Type.Optional(Type.String()),
    n: Type.Optional(Type.String()),
    e: Type.Optional(Type.String()),
  },
  { title: 'Jwk' },
)

const jwks = {
  operationId: 'jwks',
  summary: 'Public keys',
  description:
    'The keys that access tokens are signed with (RFC 7517), the next one included: it is published before it signs.',
  tags,
  response: { 200: exactObject({ keys: Type.Array(Jwk) }, { title: 'JwkSet' }) },
}

const openapi = {
  operationId: 'openapi',
  summary: 'This document',
  tags,
  response: { 200: Type.Object({}, { additionalProperties: true, description: 'OpenAPI 3.1' }) },
}

/** Verifiers may hold the key set for half the time that a key is published before it signs, and for five minutes at most. */
const LONGEST_MAX_AGE = 300

function describeIssuer(issuer: string) {
  const applications = ['none', 'client_secret_basic', 'client_secret_post']
  return {
    issuer,
    token_endpoint: `${issuer}${ROUTES.token}`,
    jwks_uri: `${issuer}${ROUTES.jwks}`,
    response_types_supported: [],
    grant_types_supported: ['refresh_token'],
    token_endpoint_auth_methods_supported: applications,
    revocation_endpoint: `${issuer}${ROUTES.revoke}`,
    revocation_endpoint_auth_methods_supported: applications,
    introspection_endpoint: `${issuer}${ROUTES.introspect}`,
    // RFC 8414 §2: token types stand for authentication with such a token; it is how a verifier shows its key.
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'Bearer'],
    dpop_signing_alg_values_supported: [...PROOF_ALGORITHMS],
    service_documentation: `${issuer}${ROUTES.docs}`,
  }
}

/** Anybody may read what is public, from any page, and may keep it for a while. */
function makePublic(reply: FastifyReply, maxAgeSeconds: number): FastifyReply {
  return reply
    .header('access-control-allow-origin', '*')
    .header('cross-origin-resource-policy', 'cross-origin')
    .header('cache-control', `public, max-age=${maxAgeSeconds}`)
}

/** What anybody may know about the issuer. */
export function addDiscoveryRoutes(app: App, { auth, issuer, policy }: ServerContext): void {
  const config = { cors: false } as const
  const description = describeIssuer(issuer)
  app.get(ROUTES.metadata, { schema: metadata, config }, (_request, reply) => {
    makePublic(reply, LONGEST_MAX_AGE).send(description)
  })

  const keysMaxAge = Math.min(LONGEST_MAX_AGE, Math.floor(policy.keyPublicationSeconds / 2))
  let published: readonly PublicJwk[] = []
  let text = ''
  app.get(ROUTES.jwks, { schema: jwks, config }, (_request, reply) => {
    const keys = auth.publicKeys()
    if (keys !== published) {
      text = JSON.stringify({ keys })
      published = keys
    }
    makePublic(reply, keysMaxAge).header('content-type', 'application/json; charset=utf-8').send(text)
  })

  let document: string | undefined
  app.get(ROUTES.openapi, { schema: openapi, config }, (_request, reply) => {
    document ??= JSON.stringify(app.swagger())
    makePublic(reply, LONGEST_MAX_AGE).header('content-type', 'application/json; charset=utf-8').send(document)
  })
}

import { STRATEGIES } from '@counterfoil/protocol'
import { Type } from 'typebox'
import { exactObject } from './schema.ts'

/** How an access token is presented: `DPoP` with a proof of the key that the session is bound to. */
export const TokenType = Type.Union([Type.Literal('Bearer'), Type.Literal('DPoP')])

const ClientFields = {
  client_id: Type.Optional(Type.String({ description: 'Who asks; an application with a secret shows it too.' })),
  client_secret: Type.Optional(Type.String()),
}

/** Form of `POST /oauth/token` (RFC 6749 §6). Unknown parameters are ignored, as §3.2 says. */
export const TokenForm = Type.Object(
  {
    grant_type: Type.String({ examples: ['refresh_token'] }),
    refresh_token: Type.Optional(Type.String({ description: 'Or the session token; unless it is in its cookie.' })),
    scope: Type.Optional(Type.String()),
    ...ClientFields,
  },
  { title: 'TokenForm' },
)

/**
 * Answer of `POST /oauth/token` (RFC 6749 §5.1). A session token is both what a client presents and what it refreshes with, so a session that
 * has become stateful is answered in the same words.
 */
export const TokenView = exactObject(
  {
    access_token: Type.Optional(
      Type.String({ description: 'Once the session is stateful, its session token, unless that is in its cookie.' }),
    ),
    token_type: Type.Optional(TokenType),
    expires_in: Type.Integer({ description: 'Seconds.', examples: [300] }),
    refresh_token: Type.Optional(
      Type.String({ description: 'Unless it is in its cookie. Once the session is stateful, its session token.' }),
    ),
  },
  { title: 'Token' },
)

/** Form of `POST /oauth/revoke` (RFC 7009 §2.1). */
export const RevokeForm = Type.Object(
  { token: Type.String(), token_type_hint: Type.Optional(Type.String()), ...ClientFields },
  { title: 'RevokeForm' },
)

/** Form of `POST /oauth/introspect` (RFC 7662 §2.1). */
export const IntrospectForm = Type.Object(
  { token: Type.String(), token_type_hint: Type.Optional(Type.String()), ...ClientFields },
  { title: 'IntrospectForm' },
)

/** Answer of `POST /oauth/introspect` (RFC 7662 §2.2): inactive is `{"active":false}` and no more. */
export const IntrospectionView = exactObject(
  {
    active: Type.Boolean(),
    iss: Type.Optional(Type.String()),
    sub: Type.Optional(Type.String()),
    aud: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])),
    client_id: Type.Optional(Type.String()),
    sid: Type.Optional(Type.String({ description: 'The session.' })),
    username: Type.Optional(Type.String({ description: 'The name of the account, if it has one.' })),
    token_type: Type.Optional(
      Type.Union([Type.Literal('Bearer'), Type.Literal('DPoP'), Type.Literal('refresh_token')], {
        description:
          'Only a Bearer or a DPoP token may be taken for a request, and a DPoP one with a proof of the key in `cnf` alone.',
      }),
    ),
    cnf: Type.Optional(
      exactObject({
        jkt: Type.String({ description: 'The thumbprint of the key that the credential is bound to (RFC 9449 §6.2).' }),
      }),
    ),
    exp: Type.Optional(Type.Integer()),
    iat: Type.Optional(Type.Integer()),
    auth_time: Type.Optional(Type.Integer()),
    roles: Type.Optional(Type.Array(Type.String())),
    strategy: Type.Optional(Type.Enum([...STRATEGIES])),
    account_generation: Type.Optional(
      Type.Integer({ description: 'What revocations of the account are held against.' }),
    ),
    client_generation: Type.Optional(Type.Integer({ description: 'The same of the application.' })),
    log_position: Type.Optional(
      Type.String({
        description: 'How far the log of revocations had been followed when the session was found to stand.',
      }),
    ),
  },
  { title: 'Introspection' },
)

/** Error codes of the OAuth endpoints (RFC 6749 §5.2, RFC 7009 §2.2.1, RFC 9449 §5 and §8), and two for what their RFCs leave to HTTP. */
export const OAUTH_ERRORS = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'invalid_scope',
  'invalid_dpop_proof',
  'use_dpop_nonce',
  'unsupported_grant_type',
  'temporarily_unavailable',
  'server_error',
] as const

/** An error code of the OAuth endpoints. */
export type OAuthErrorCode = (typeof OAUTH_ERRORS)[number]

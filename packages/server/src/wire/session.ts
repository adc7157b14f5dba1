import type { SessionView } from '@counterfoil/core'
import { STRATEGIES, type LogHead } from '@counterfoil/protocol'
import { Type } from 'typebox'
import { Email, Password } from './account.ts'
import { TokenType } from './oauth.ts'
import { exactObject, Id, Instant, instant, instantOrNone, plainText } from './schema.ts'

/** Names an application. */
const ClientId = Type.String({ minLength: 1, maxLength: 128, examples: ['hybrid'] })

/** Body of `POST /sessions`. */
export const SignInBody = exactObject(
  {
    client_id: ClientId,
    email: Email,
    password: Password,
    device_label: Type.Optional(plainText(100, 'A name of the device', "Ada's phone")),
  },
  { title: 'SignIn' },
)

/** A session as its owner sees it. */
export const Session = exactObject(
  {
    id: Id,
    client_id: ClientId,
    strategy: Type.Enum([...STRATEGIES]),
    current: Type.Boolean({ description: 'Whether it is the session that asks.' }),
    device_label: Type.Optional(Type.String()),
    address: Type.Optional(Type.String({ description: 'Where it started from.', examples: ['192.0.2.1'] })),
    user_agent: Type.Optional(Type.String()),
    started_at: Instant,
    authenticated_at: Instant,
    last_seen_at: Type.Optional(Instant),
    idle_expires_at: Type.Optional(Instant),
    expires_at: Instant,
  },
  { title: 'Session' },
)

const credentials = {
  access_token: Type.Optional(Type.String({ description: 'JWT (RFC 9068); hybrid and stateless.' })),
  token_type: Type.Optional(TokenType),
  expires_in: Type.Optional(Type.Integer({ description: 'Seconds that the access token lives.', examples: [300] })),
  refresh_token: Type.Optional(Type.String({ description: 'Hybrid and stateless, unless it is in a cookie.' })),
  session_token: Type.Optional(Type.String({ description: 'Stateful, unless it is in a cookie.' })),
}

/** What was ended, and from when on everybody obeys. */
export const Revocation = exactObject(
  {
    incarnation: Type.String({ description: 'Which log.' }),
    position: Type.Integer({ description: 'The place of the record in the log.' }),
    obeyed_by: Type.String({
      format: 'date-time',
      description:
        'From then on nobody who follows the log accepts what was ended. This server obeys at once. Without verifiers in the configuration nobody follows, and it is `expired_by`.',
    }),
    expired_by: Type.String({
      format: 'date-time',
      description: 'From then on nobody at all accepts it: every access token that was already handed out has expired.',
    }),
    waited_ms: Type.Integer({ description: 'How long this answer waited for others to obey.' }),
  },
  { title: 'Revocation' },
)

/** Query of a call that ends something. */
export const EndingQuery = exactObject({
  wait: Type.Optional(
    Type.Literal('everywhere', {
      description:
        'Answer when everybody obeys who follows the log: each has said so, or may not decide any more. At most a little longer than a lease.',
    }),
  ),
})

/** Answer of `POST /sessions`. What is in a cookie is not in the body. */
export const SignedInView = exactObject({ session: Session, ...credentials }, { title: 'SignedIn' })

/** Answer of `PUT /account/password`. */
export const RenewedView = exactObject(
  { session: Session, ...credentials, revocation: Revocation },
  { title: 'Renewed' },
)

/** Answer of every call that ends something. */
export const EndedView = exactObject({ revocation: Revocation }, { title: 'Ended' })

/** A session on the wire. */
export function viewOfSession(session: SessionView, current: boolean) {
  return {
    id: session.id,
    client_id: session.applicationId,
    strategy: session.strategy,
    current,
    device_label: session.deviceLabel,
    address: session.started.address,
    user_agent: session.started.userAgent,
    started_at: instant(session.started.at),
    authenticated_at: instant(session.authenticatedAt),
    last_seen_at: instantOrNone(session.seenAt),
    idle_expires_at: instantOrNone(session.idleExpiresAt),
    expires_at: instant(session.expiresAt),
  }
}

/** When what was ended is accepted by nobody any more, and how long the answer waited for that. */
export interface Obedience {
  /** Instants in epoch milliseconds. */
  readonly obeyedAt: number
  readonly expiredAt: number
  readonly waitedMs: number
}

/** What an ending call says. */
export function viewOfEnded({ incarnation, position }: LogHead, { obeyedAt, expiredAt, waitedMs }: Obedience) {
  const times = { obeyed_by: instant(obeyedAt), expired_by: instant(expiredAt), waited_ms: Math.round(waitedMs) }
  return { revocation: { incarnation, position, ...times } }
}

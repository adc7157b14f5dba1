import { Type } from 'typebox'
import { exactObject, Id } from './schema.ts'

const Incarnation = Type.String({ minLength: 1, maxLength: 100, description: 'Which log.' })
const Position = Type.Integer({
  minimum: 0,
  description: 'A place in the log: from 1 on, without gaps; 0 is before the first.',
})

/** Body of `POST /revocations/lease`. */
export const LeaseBody = exactObject(
  {
    verifier: Type.String({
      pattern: '^[A-Za-z0-9_-]{22}$',
      description:
        '128 random bits in base64url that name this one view; every worker or thread with a view of its own has its own.',
      examples: ['8f5a4mZbTQ2uXy0cBv1e7A'],
    }),
    incarnation: Type.Optional(Incarnation),
    after: Type.Optional(
      Type.Integer({ minimum: 0, description: 'How far the log has been applied. With `incarnation`, or not at all.' }),
    ),
  },
  { title: 'LeaseRequest' },
)

/** A record of the log. */
const Record = exactObject(
  {
    position: Position,
    kind: Type.Enum(['session', 'account', 'client', 'key', 'changed']),
    at: Type.Number({ description: 'When it was decided, in epoch milliseconds; for people and metrics.' }),
    session_id: Type.Optional(Id),
    account_id: Type.Optional(Id),
    client_id: Type.Optional(Type.String()),
    kid: Type.Optional(Type.String()),
    subject: Type.Optional(Type.String({ description: 'Of what has changed: an account or a session.' })),
    generation: Type.Optional(Type.Integer({ description: 'Ends what began under an older one.' })),
    keep: Type.Optional(Id),
  },
  { title: 'RevocationRecord' },
)

/** Answer of `POST /revocations/lease`. */
export const LeaseView = exactObject(
  {
    incarnation: Incarnation,
    head: Type.Integer({ description: 'As far as the records of this answer reach.' }),
    lease_ms: Type.Number({
      description:
        'Length of the lease, counted from before the request was sent. 0: there is more, ask again at once.',
    }),
    retain_ms: Type.Number({ description: 'How long a record can matter after it was applied.' }),
    floor: Type.Optional(
      Type.Integer({
        description: 'This is a snapshot: what was applied before is void, and older records up to here are left out.',
      }),
    ),
    records: Type.Array(Record),
  },
  { title: 'Lease' },
)

/** Query of `GET /revocations/stream`. */
export const StreamQuery = exactObject({
  incarnation: Incarnation,
  after: Type.String({ pattern: '^(0|[1-9][0-9]{0,15})$', description: 'Send what follows this place in the log.' }),
})

/** What a client asks for; `verify` is asked of a verifier, everything else of a node. */
export type CallKind =
  | 'sign-up'
  | 'sign-in'
  | 'refresh'
  | 'check'
  | 'verify'
  | 'write'
  | 'read'
  | 'sign-out'
  | 'sign-out-everywhere'
  | 'change-password'

/** What came back. */
export interface CallAnswer {
  readonly status: number
  /** The error code, in either of the two forms in which errors are told. */
  readonly code?: string | undefined
  /** The refresh or session token that came with it. */
  readonly token?: string | undefined
  /** Whether it takes a cookie away. */
  readonly clearsCookie: boolean
}

/** One call of a client, on one monotonic clock, in milliseconds. */
export interface Call {
  readonly kind: CallKind
  readonly user: string
  /** Which node was asked, or which verifier. */
  readonly node: number
  readonly startedAt: number
  readonly endedAt: number
  /** Undefined: nobody knows what became of it. */
  readonly answer: CallAnswer | undefined
  readonly session?: string | undefined
  /** The credential that was presented. */
  readonly presented?: string | undefined
  /** Whether an honest client may present this credential: the latest that it has, or the one before when it tries again at once. */
  readonly isLatest?: boolean | undefined
  /** Of an ending: whether it was to return only when everybody obeys; of an ending of all, the session that it spares. */
  readonly everywhere?: boolean | undefined
  readonly keeps?: string | undefined
  /** Of sign-ins, sign-ups and password changes: the password, by a number. */
  readonly password?: number | undefined
  /** Of writes and reads: the value of the attribute. Each write of a session has a greater one. */
  readonly value?: number | undefined
}

/** Something that must not be. */
export interface Violation {
  readonly clause: string
  readonly says: string
  readonly call?: Call | undefined
}

/** Writes calls down as they end. */
export class Recorder {
  readonly calls: Call[] = []

  add(call: Call): void {
    this.calls.push(call)
  }
}

/** Whether a call did what it was to do. */
export function succeeded({ answer }: Call): boolean {
  return answer !== undefined && answer.status >= 200 && answer.status < 300
}

/** Whether nobody can know, now or later, whether a call did it: there was no answer, or it said that it cannot tell. */
export function isUncertain({ answer }: Call): boolean {
  return answer === undefined || answer.status >= 500
}

/** Whether the answer takes the session for ended; that a token has run out by somebody's clock is no such word. */
export function isToldEnded({ answer }: Call): boolean {
  const code = answer?.code
  return code === 'credential_ended' || code === 'invalid_grant' || code === 'revoked'
}

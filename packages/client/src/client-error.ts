import type { ErrorCode } from '@counterfoil/protocol'

/**
 * What went wrong: a code of the server's table; or `network`, nothing came back; `unavailable`, it cannot be told now whether there is a session, which
 * still stands for all that is known; `signed_out`, there is none; `key_lost`, the key that it is bound to cannot be had.
 */
export type ClientErrorCode =
  | ErrorCode
  | 'network'
  | 'unavailable'
  | 'signed_out'
  | 'key_lost'
  | 'invalid_client'
  | 'invalid_grant'
  | 'server_error'
  | (string & {})

/** The one error of the client. Its text is for developers, and holds no secret. */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly code: ClientErrorCode
  /** Of the answer, where there was one. */
  declare readonly status: number | undefined
  /** Where in the request: a JSON pointer, or the name of a parameter. */
  declare readonly field: string | undefined
  /** How long to wait before the next attempt, in milliseconds. */
  declare readonly retryAfterMs: number | undefined

  constructor(
    code: ClientErrorCode,
    text: string,
    {
      cause,
      ...more
    }: {
      readonly status?: number | undefined
      readonly field?: string | undefined
      readonly retryAfterMs?: number | undefined
      readonly cause?: unknown
    } = {},
  ) {
    super(text, { cause })
    this.code = code
    Object.assign(this, more)
  }
}

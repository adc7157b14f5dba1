/** Why Redis was not accepted: it would throw sessions away, keeps nothing on disk, is too old, or cannot be asked. */
export type RedisOpenRefusal = 'evicting' | 'not-persistent' | 'too-old' | 'unreachable'

/** Says in one line which server was not accepted, why, and what to do about it. Made for people: print `message` as it is. */
export class RedisOpenError extends Error {
  override readonly name = 'RedisOpenError'
  readonly reason: RedisOpenRefusal

  constructor(reason: RedisOpenRefusal, message: string) {
    super(message)
    this.reason = reason
  }
}

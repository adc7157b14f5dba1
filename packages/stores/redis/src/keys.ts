import type { AccountId, SessionId } from '@counterfoil/protocol'

/** The names of what is kept in Redis. A session and its attributes share a slot; so does what is known of one account. */
export interface Keys {
  readonly session: (id: SessionId) => string
  readonly attributes: (id: SessionId) => string
  /** Of an account: its sessions, and the generation below which none starts. */
  readonly account: (id: AccountId) => string
  /** Of a primary: whether it is still the one it was. */
  readonly counter: (tag: string) => string
  /** What matches the keys of sessions, and no others. */
  readonly sessionPattern: string
  readonly sessionIdOf: (key: string) => SessionId
  /** The same of accounts. */
  readonly accountPattern: string
  readonly accountIdOf: (key: string) => AccountId
}

/** @throws {TypeError} when the prefix has characters with a meaning of their own in keys or patterns. */
export function nameKeys(prefix: string): Keys {
  if (!/^[\w:.-]*$/.test(prefix)) throw new TypeError('prefix may have letters, digits and _ : . - only')
  const sessions = `${prefix}s:{`
  const accounts = `${prefix}u:{`
  return {
    session: (id) => `${sessions}${tagFor(id)}}`,
    attributes: (id) => `${prefix}a:{${tagFor(id)}}`,
    account: (id) => `${accounts}${tagFor(id)}}`,
    counter: (tag) => `${prefix}c:{${tag}}`,
    sessionPattern: `${sessions}*}`,
    sessionIdOf: (key) => key.slice(sessions.length, -1) as SessionId,
    accountPattern: `${accounts}*}`,
    accountIdOf: (key) => key.slice(accounts.length, -1) as AccountId,
  }
}

/** Ids have letters, digits, _ and - only. Of what else somebody may send none can be found; it must not tear a slot apart. */
function tagFor(id: string): string {
  return id === '' ? '.' : id.replaceAll('}', '.')
}

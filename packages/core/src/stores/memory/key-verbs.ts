import type { KeyPurpose, StoredKey } from '../../tokens/stored-key.ts'
import type { Database } from '../database.ts'
import type { Tables } from './tables.ts'

/** The verbs about keys. */
export function createKeyVerbs({
  keys,
  audit,
  appendNow,
}: Tables): Pick<Database, 'listKeys' | 'addKeys' | 'scheduleKey' | 'removeKey' | 'killKey'> {
  const inOrder = () => [...keys.values()].toSorted(byPurposeThenActiveAt)
  const newestOf = (purpose: KeyPurpose) => inOrder().findLast((key) => key.purpose === purpose)?.id
  return {
    listKeys: async () => inOrder().map(copyOf),
    async addKeys(purpose, newest, added, event) {
      if (newestOf(purpose) !== newest) return false
      audit.add(event)
      for (const key of added) keys.set(key.id, copyOf(key))
      return true
    },
    async scheduleKey(id, from, activeAt, event) {
      const key = keys.get(id)
      if (key?.activeAt !== from) return false
      audit.add(event)
      keys.set(id, { ...key, activeAt })
      return true
    },
    async removeKey(id, event) {
      if (!keys.has(id)) return false
      audit.add(event)
      return keys.delete(id)
    },
    async killKey(id, at, event) {
      if (!keys.delete(id)) return undefined
      audit.add(event)
      return appendNow([{ kind: 'key', keyId: id, at }])
    },
  }
}

function byPurposeThenActiveAt(one: StoredKey, other: StoredKey): number {
  if (one.purpose !== other.purpose) return one.purpose < other.purpose ? -1 : 1
  return one.activeAt - other.activeAt
}

function copyOf(key: StoredKey): StoredKey {
  return { ...key, sealed: key.sealed.slice() }
}

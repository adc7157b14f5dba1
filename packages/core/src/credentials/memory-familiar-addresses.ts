import { FAMILIAR_GROUPS_PER_ACCOUNT, type FamiliarAddresses } from './familiar-addresses.ts'

/**
 * Familiar addresses in process memory: of at most `capacity` accounts (default 50,000, some 60 MB at worst), those that signed in last, and of
 * each the last 8.
 */
export class MemoryFamiliarAddresses implements FamiliarAddresses {
  readonly #byAccount = new Map<string, Map<string, number>>()
  readonly #capacity: number

  constructor(capacity = 50_000) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new TypeError('capacity must be a whole number from 1')
    this.#capacity = capacity
  }

  async knows(account: string, group: string, now: number): Promise<boolean> {
    return now < (this.#byAccount.get(account)?.get(group) ?? 0)
  }

  async remember(account: string, group: string, until: number): Promise<void> {
    const groups = this.#byAccount.get(account) ?? new Map<string, number>()
    putLast(groups, group, until, FAMILIAR_GROUPS_PER_ACCOUNT)
    putLast(this.#byAccount, account, groups, this.#capacity)
  }

  /** How many accounts are held now. */
  get size(): number {
    return this.#byAccount.size
  }
}

/** Puts it last in the order of the map, and lets the first go when there are more than `capacity`. */
function putLast<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, capacity: number): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= capacity) return
  for (const oldest of map.keys()) {
    map.delete(oldest)
    return
  }
}

/** Something that somebody has ordered. */
export interface Order {
  readonly id: number
  readonly item: string
  readonly at: string
}

const LONGEST = 100

/** Orders, each with the account that placed it, in memory. */
export class Orders {
  readonly #placed = new Map<string, readonly Order[]>()

  of(accountId: string): readonly Order[] {
    return this.#placed.get(accountId) ?? []
  }

  /** The new order; undefined when this is none. */
  place(accountId: string, wanted: unknown): Order | undefined {
    const item = typeof wanted === 'object' && wanted !== null && 'item' in wanted ? wanted.item : undefined
    if (typeof item !== 'string' || item.trim() === '' || item.length > LONGEST) return undefined
    const orders = this.of(accountId)
    const order = { id: orders.length + 1, item: item.trim(), at: new Date().toISOString() }
    this.#placed.set(accountId, [...orders, order])
    return order
  }
}

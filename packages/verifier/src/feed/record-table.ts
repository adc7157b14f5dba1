import { decodeBase64url } from '@counterfoil/protocol'

/** 128 bits of an id as four words. */
export type IdWords = Uint32Array

/** The words of an id, or undefined when it is not one of 128 bits: then no record can name it. */
export function wordsOf(id: string): IdWords | undefined {
  const bytes = decodeBase64url(id)
  if (bytes?.length !== 16) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16)
  return Uint32Array.of(view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12))
}

const SMALLEST = 16
/** Words of a record: its id, its place in the log, its generation. */
const ROW = 6
const PLACE = 4
const GENERATION = 5

/**
 * Records by id, in the order in which they came, at 24 bytes each and 8 for finding it; the oldest go first. Rows lie in a ring, and an
 * open-addressed index finds the newest row of an id. Ids are drawn at random by the issuer, so their first word is as good as a hash.
 */
export class RecordTable {
  #rows = new Uint32Array(SMALLEST * ROW)
  /** Row number plus one; 0 is free. Twice as many as rows, so that a search is short. */
  #index = new Int32Array(SMALLEST * 2)
  #capacity = SMALLEST
  #first = 0
  #count = 0

  get size(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#rows.byteLength + this.#index.byteLength
  }

  /** The generation that the newest record of this id says, or undefined when there is none. */
  find(id: IdWords): number | undefined {
    const entry = this.#index[this.#seek(id)] ?? 0
    return entry === 0 ? undefined : this.#rows[(entry - 1) * ROW + GENERATION]
  }

  add(id: IdWords, position: number, generation: number): void {
    if (this.#count === this.#capacity) this.#resize(this.#capacity * 2)
    const row = (this.#first + this.#count++) & (this.#capacity - 1)
    const at = row * ROW
    this.#rows.set(id, at)
    this.#rows[at + PLACE] = position
    this.#rows[at + GENERATION] = generation
    this.#index[this.#seek(id)] = row + 1
  }

  /** Lets go of the records up to this position. Places are compared in 32 bits: a view never spans half of that. */
  dropUpTo(position: number): void {
    while (this.#count > 0) {
      const place = this.#rows[this.#first * ROW + PLACE] ?? 0
      if ((position - place) >>> 0 >= 2 ** 31) break
      this.#dropFirst()
    }
    if (this.#capacity > SMALLEST && this.#count * 8 < this.#capacity) this.#resize(this.#capacity / 2)
  }

  clear(): void {
    this.#first = 0
    this.#count = 0
    this.#capacity = SMALLEST
    this.#rows = new Uint32Array(SMALLEST * ROW)
    this.#index = new Int32Array(SMALLEST * 2)
  }

  /** Where the index has this id, or where it would have it. */
  #seek(id: IdWords): number {
    const mask = this.#index.length - 1
    const rows = this.#rows
    let at = (id[0] ?? 0) & mask
    for (let entry = this.#index[at] ?? 0; entry !== 0; entry = this.#index[at] ?? 0) {
      const row = (entry - 1) * ROW
      const isSame =
        rows[row] === id[0] && rows[row + 1] === id[1] && rows[row + 2] === id[2] && rows[row + 3] === id[3]
      if (isSame) break
      at = (at + 1) & mask
    }
    return at
  }

  #dropFirst(): void {
    const row = this.#first
    const at = this.#seek(this.#rows.subarray(row * ROW, row * ROW + 4))
    // A newer record of the same id has taken its place in the index.
    if (this.#index[at] === row + 1) this.#free(at)
    this.#first = (row + 1) & (this.#capacity - 1)
    this.#count--
  }

  /** Frees a place, and moves up whoever had to go further because of it. */
  #free(freed: number): void {
    const mask = this.#index.length - 1
    let gap = freed
    for (let at = (gap + 1) & mask; this.#index[at] !== 0; at = (at + 1) & mask) {
      const entry = this.#index[at] ?? 0
      const home = (this.#rows[(entry - 1) * ROW] ?? 0) & mask
      if (((at - home) & mask) < ((at - gap) & mask)) continue
      this.#index[gap] = entry
      gap = at
    }
    this.#index[gap] = 0
  }

  #resize(capacity: number): void {
    const [rows, first, before] = [this.#rows, this.#first, this.#capacity]
    this.#rows = new Uint32Array(capacity * ROW)
    this.#index = new Int32Array(capacity * 2)
    this.#capacity = capacity
    this.#first = 0
    for (let number = 0; number < this.#count; number++) {
      const from = ((first + number) & (before - 1)) * ROW
      const row = rows.subarray(from, from + ROW)
      this.#rows.set(row, number * ROW)
      this.#index[this.#seek(row)] = number + 1
    }
  }
}

/** Something that happens at an instant of the true time. */
export interface Happening {
  readonly at: number
  readonly order: number
  act: (() => void) | undefined
}

/** So many turns settle every chain of promises that one happening can set off. */
const TURNS = 24

const SETTLED = Promise.resolve()

/** The true time, which nobody in the simulation can read, and what happens when. Milliseconds. */
export class World {
  now = 0
  #order = 0
  #stirred = false
  #stopped = false
  readonly #heap: Happening[] = []
  readonly #lines: string[] | undefined

  constructor(traced: boolean) {
    this.#lines = traced ? [] : undefined
  }

  after(ms: number, act: () => void): Happening {
    const happening = { at: this.now + Math.max(0, ms), order: this.#order++, act }
    push(this.#heap, happening)
    return happening
  }

  /** Production code was called: its promises are to settle before the next happening. */
  stir(): void {
    this.#stirred = true
  }

  stop(): void {
    this.#stopped = true
  }

  /** A line of the trace, which is only made when somebody reads it. */
  say(line: () => string): void {
    this.#lines?.push(`${this.now.toFixed(1).padStart(9)}  ${line()}`)
  }

  get lines(): readonly string[] {
    return this.#lines ?? []
  }

  async run(until: number): Promise<void> {
    for (let next = pop(this.#heap); next !== undefined && next.at <= until && !this.#stopped; next = pop(this.#heap)) {
      if (next.act === undefined) continue
      this.now = next.at
      next.act()
      if (!this.#stirred) continue
      this.#stirred = false
      for (let turn = 0; turn < TURNS; turn++) await SETTLED
    }
  }
}

function isBefore(one: Happening, other: Happening): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}

function push(heap: Happening[], item: Happening): void {
  let at = heap.length
  heap.push(item)
  while (at > 0) {
    const above = (at - 1) >> 1
    const parent = heap[above]
    if (parent === undefined || !isBefore(item, parent)) break
    heap[at] = parent
    at = above
  }
  heap[at] = item
}

function pop(heap: Happening[]): Happening | undefined {
  const first = heap[0]
  const last = heap.pop()
  if (first === undefined || last === undefined || heap.length === 0) return first
  let at = 0
  for (;;) {
    let below = 2 * at + 1
    let child = heap[below]
    const right = heap[below + 1]
    if (child !== undefined && right !== undefined && isBefore(right, child)) {
      below++
      child = right
    }
    if (child === undefined || !isBefore(child, last)) break
    heap[at] = child
    at = below
  }
  heap[at] = last
  return first
}

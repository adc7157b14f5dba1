import type { Decision, Verifier } from '@counterfoil/verifier'
import { Journal, type Question, type Sighting, type Verdict } from './journal.ts'
import { monotonicMs, pause } from './monotonic.ts'

/** Between two rounds of probes, so that the machine has time for what is measured. */
const PAUSE_MS = 4

interface Watch {
  readonly token: string
  readonly journals: readonly Journal[]
  /** Verifiers that have not answered their latest probe. */
  readonly waiting: Set<number>
}

/** Asks many verifiers back to back, in rounds, whether they accept the tokens that are watched. */
export class Prober {
  readonly #verifiers: readonly Verifier[]
  readonly #watches = new Map<string, Watch>()

  constructor(verifiers: readonly Verifier[]) {
    this.#verifiers = verifiers
    const round = (): void => {
      this.probeAll()
      setTimeout(round, PAUSE_MS)
    }
    round()
  }

  watch(name: string, token: string): void {
    const journals = this.#verifiers.map(() => new Journal())
    this.#watches.set(name, { token, journals, waiting: new Set() })
  }

  /** Whether the latest verdict of every verifier is this one within the time. */
  async settle(name: string, verdict: Verdict, withinMs: number): Promise<boolean> {
    const deadline = monotonicMs() + withinMs
    const { journals } = this.#find(name)
    while (!journals.every(({ latest }) => latest === verdict)) {
      if (monotonicMs() > deadline) return false
      await pause(PAUSE_MS)
    }
    return true
  }

  report(name: string, question: Question): readonly Sighting[] {
    const { journals } = this.#find(name)
    this.#watches.delete(name)
    return journals.map((journal) => journal.answer(question))
  }

  probeAll(): void {
    for (const watch of this.#watches.values()) {
      for (const [index, verifier] of this.#verifiers.entries())
        if (!watch.waiting.has(index)) probe(watch, index, verifier)
    }
  }

  #find(name: string): Watch {
    const watch = this.#watches.get(name)
    if (watch === undefined) throw new Error(`nobody watches ${name}`)
    return watch
  }
}

function probe({ token, journals, waiting }: Watch, index: number, verifier: Verifier): void {
  const start = monotonicMs()
  const note = ({ outcome }: Decision): void => {
    journals[index]?.note(start, monotonicMs(), outcome)
    waiting.delete(index)
  }
  const decision = verifier.verify(token)
  if (!(decision instanceof Promise)) return note(decision)
  waiting.add(index)
  void decision.then(note)
}

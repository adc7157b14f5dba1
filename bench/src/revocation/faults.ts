import { pause } from './monotonic.ts'
import type { Stage } from './stage.ts'

/** Something that goes wrong, and is over when `strike` resolves. The first worker process is the one that is hit. */
export interface Fault {
  readonly name: string
  /** Whether only the first worker process is hit, or everybody. */
  readonly hits: 'first' | 'all'
  /**
   * Whether the revocation that nobody waits for returns before the fault begins, or is sent while it lasts. Before, the connections of the first
   * process are cut, so that what is pushed does not reach it.
   */
  readonly plain: 'before' | 'during'
  /** Whether the synchronous revocation is sent while the fault lasts, or as soon as it is over. */
  readonly awaited: 'during' | 'after'
  strike(stage: Stage): Promise<void>
}

const LENGTHS = [
  ['0.5τ', 0.5],
  ['τ', 1],
  ['3τ', 3],
] as const

const firstOf = ({ fleet }: Stage) => {
  const [first] = fleet.workers
  if (first === undefined) throw new Error('there is no worker')
  return first
}

const verifierStops = LENGTHS.map(([text, leases]): Fault => ({
  name: `verifiers stopped (SIGSTOP) for ${text}`,
  hits: 'first',
  plain: 'during',
  awaited: 'during',
  async strike(stage) {
    const worker = firstOf(stage)
    worker.signal('SIGSTOP')
    await pause(leases * stage.leaseMs)
    worker.signal('SIGCONT')
  },
}))

const serverStops = LENGTHS.map(([text, leases]): Fault => ({
  name: `server stopped (SIGSTOP) for ${text}`,
  hits: 'all',
  plain: 'before',
  awaited: 'during',
  async strike({ installation, leaseMs }) {
    installation.signal('SIGSTOP')
    await pause(leases * leaseMs)
    installation.signal('SIGCONT')
  },
}))

const kill: Fault = {
  name: 'server killed (SIGKILL) and restarted',
  hits: 'all',
  plain: 'before',
  awaited: 'after',
  strike: ({ installation }) => installation.killAndRestart(),
}

const partitions = (['cut', 'black-hole'] as const).map((passage): Fault => ({
  name: passage === 'cut' ? 'connections cut for 3τ' : 'connections silent (black hole) for 3τ',
  hits: 'first',
  plain: 'during',
  awaited: 'during',
  async strike({ proxy, leaseMs }) {
    proxy.set(passage)
    await pause(3 * leaseMs)
    proxy.set('open')
  },
}))

const blocked: Fault = {
  name: 'event loop of verifiers blocked for 1.5τ',
  hits: 'first',
  plain: 'during',
  awaited: 'during',
  async strike(stage) {
    await firstOf(stage).ask('block', { forMs: 1.5 * stage.leaseMs })
  },
}

/** Every fault that the guarantee is held against here. */
export const FAULTS: readonly Fault[] = [...verifierStops, ...serverStops, kill, ...partitions, blocked]

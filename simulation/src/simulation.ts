import { Authority } from './authority.ts'
import { SharedBoard } from './board.ts'
import { Checks, nameOf, type Clause, type Violation } from './checks.ts'
import { describeFault, type Fault } from './faults.ts'
import { SharedLog } from './log.ts'
import { Machine } from './machine.ts'
import type { Mutant } from './mutant.ts'
import { Network } from './network.ts'
import { AuthorityNode } from './node.ts'
import { drawPlan, type Plan } from './plan.ts'
import { Random } from './random.ts'
import type { Scene } from './scene.ts'
import { Verifier } from './verifier.ts'
import { beginFault } from './weather.ts'
import { Workload } from './workload.ts'
import { World } from './world.ts'

/** How a run is made. */
export interface RunOptions {
  readonly mutant?: Mutant | undefined
  /** Only these of the faults that the seed schedules. */
  readonly faults?: readonly Fault[] | undefined
  readonly traced?: boolean
  /** Clauses that are not looked at. */
  readonly ignored?: ReadonlySet<Clause> | undefined
}

/** What became of a run. */
export interface RunResult {
  readonly plan: Plan
  readonly violation: Violation | undefined
  readonly lines: readonly string[]
  readonly accepted: number
  readonly rejected: number
  readonly stale: number
  readonly revocations: number
}

/** One run: everything that is there, driven by one seed. */
class Simulation implements Scene {
  readonly plan: Plan
  readonly world: World
  readonly network: Network
  readonly log: SharedLog
  readonly board: SharedBoard
  readonly authority: Authority
  readonly checks: Checks
  readonly nodes: readonly AuthorityNode[]
  readonly verifiers: readonly Verifier[]

  constructor(plan: Plan, { mutant, traced = false, ignored = new Set() }: RunOptions) {
    const { seed } = plan
    const world = new World(traced)
    this.plan = plan
    this.world = world
    this.network = new Network(world, new Random(seed, 1))
    const log = new SharedLog(world, new Random(seed, 2), mutant?.keepsIncarnation === true)
    this.log = log
    const board = new SharedBoard(world, new Random(seed, 6), log)
    this.board = board
    this.authority = new Authority(new Random(seed, 3))
    const checks = new Checks(world, plan, ignored)
    this.checks = checks
    const shared = { log, board, plan, mutant, authority: this.authority, checks, world }
    this.nodes = plan.nodes.map((rates, index) => {
      const machine = new Machine(`node ${String(index)}`, world, rates)
      return new AuthorityNode(index, machine, { ...shared, random: new Random(seed, 7 + index) })
    })
    const random = new Random(seed, 4)
    this.verifiers = plan.verifiers.map(({ rates }, index) => {
      const machine = new Machine(`verifier ${String(index)}`, world, rates)
      const seat = { index, machine, network: this.network, nodes: this.nodes, random, timeoutMs: plan.timeoutMs }
      return new Verifier(seat, { world, plan, checks, mutant })
    })
  }

  get processes(): readonly (AuthorityNode | Verifier)[] {
    return [...this.nodes, ...this.verifiers]
  }

  /** Another copy of the log takes over. */
  failOver(lost: number): void {
    const last = this.log.failOver(lost)
    if (lost > 0) this.board.failOver()
    const count = this.authority.lose(last)
    const { incarnation } = this.log
    this.world.say(
      () => `the log fails over to ${incarnation.slice(0, 4)}@${String(last)}, ${String(count)} records are lost`,
    )
    for (const ending of this.authority.endings.slice(-count || Infinity))
      if (ending.isLost) this.world.say(() => `  ${nameOf(ending)}`)
  }

  async run(faults: readonly Fault[]): Promise<void> {
    const { world, plan } = this
    for (const process of this.processes) process.start()
    for (const fault of faults) world.after(fault.at, () => this.#begin(fault))
    // Not while a lease lasts in which a machine has slept: a clock that is set back then would take that sleep for none.
    world.after(plan.faultsUntil + 1.1 * plan.leaseMs, () =>
      this.processes.forEach(({ machine }) => machine.setRight()),
    )
    const workload = new Workload(this, new Random(plan.seed, 5))
    workload.begin()
    await world.run(plan.endsAt)
  }

  #begin(fault: Fault): void {
    this.world.say(() => `FAULT ${describeFault(fault).trim()}`)
    const end = beginFault(fault, this)
    if (end === undefined) return
    this.world.after(fault.forMs, () => {
      this.world.say(() => `the ${fault.kind} is over`)
      end()
    })
  }
}

/** Runs a seed. */
export async function runSeed(seed: number, options: RunOptions = {}): Promise<RunResult> {
  const plan = drawPlan(seed)
  const simulation = new Simulation(plan, options)
  const { checks, world, authority } = simulation
  try {
    await simulation.run(options.faults ?? plan.faults)
  } catch (thrown) {
    checks.break('crash', thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown))
  }
  const { violation, accepted, rejected, stale } = checks
  return { plan, violation, lines: world.lines, accepted, rejected, stale, revocations: authority.endings.length }
}

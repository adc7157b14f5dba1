import type { Fault } from './faults.ts'
import type { Machine } from './machine.ts'
import type { Scene } from './scene.ts'

/** Something that can be stopped and killed. */
interface Process {
  readonly machine: Machine
  crash(): void
  restart(): void
}

/** Makes a fault begin, and says what ends it. */
export function beginFault(fault: Fault, scene: Scene): (() => void) | undefined {
  switch (fault.kind) {
    case 'pause':
    case 'sleep':
    case 'crash':
    case 'step':
      return beginAtMachine(fault, scene)
    case 'failover':
    case 'compact':
    case 'outage':
    case 'slow log':
    case 'small reads':
    case 'lost hints':
      return beginAtLog(fault, scene)
    default:
      return beginInNetwork(fault, scene)
  }
}

function beginInNetwork(
  fault: Extract<Fault, { kind: 'partition' | 'loss' | 'duplicate' | 'delay' | 'reorder' }>,
  { network }: Scene,
): () => void {
  const { cuts, losses, duplicates, delays, reorders } = network.weather
  switch (fault.kind) {
    case 'partition':
      return addTo(cuts, fault)
    // A little more than drawn, so that two of the same size are told apart.
    case 'loss':
      return addTo(losses, fault.probability)
    case 'duplicate':
      return addTo(duplicates, fault.probability)
    case 'delay':
      return addTo(delays, fault.upToMs)
    case 'reorder':
      return addTo(reorders, fault.upToMs)
  }
}

function addTo<T>(set: Set<T>, item: T): () => void {
  set.add(item)
  return () => void set.delete(item)
}

function beginAtMachine(
  fault: Extract<Fault, { kind: 'pause' | 'sleep' | 'crash' | 'step' }>,
  scene: Scene,
): (() => void) | undefined {
  const process: Process | undefined = scene.processes.find(({ machine }) => machine.name === fault.machine)
  if (process === undefined) return undefined
  const { machine } = process
  switch (fault.kind) {
    case 'pause':
      machine.pause()
      return () => machine.resume()
    case 'sleep':
      machine.sleep()
      return () => machine.wake()
    case 'step':
      machine.step(fault.byMs)
      return undefined
    case 'crash':
      if (!machine.isUp) return undefined
      process.crash()
      return () => process.restart()
  }
}

function beginAtLog(
  fault: Extract<Fault, { kind: 'failover' | 'compact' | 'outage' | 'slow log' | 'small reads' | 'lost hints' }>,
  scene: Scene,
): (() => void) | undefined {
  const { log } = scene
  switch (fault.kind) {
    case 'failover':
      scene.failOver(fault.lost)
      log.outages++
      return () => void log.outages--
    case 'outage':
      log.outages++
      return () => void log.outages--
    case 'compact': {
      const before = (scene.nodes[fault.node]?.machine.wall() ?? 0) - fault.keepMs
      log.compactBefore(before)
      return undefined
    }
    case 'slow log':
      log.slowMs += fault.upToMs
      return () => void (log.slowMs -= fault.upToMs)
    case 'small reads':
      log.mostAtOnce = fault.records
      return () => void (log.mostAtOnce = Infinity)
    case 'lost hints':
      log.hintLoss = 0.8
      return () => void (log.hintLoss = 0)
  }
}

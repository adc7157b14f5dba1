import type { Configuration } from '../config/configuration.ts'
import { startNode } from '../commands/node.ts'
import { drainAndClose, stopOnWord, type Haste } from '../commands/stopping.ts'
import type { Log } from '../terminal/log.ts'
import type { FromWorker, ToWorker } from './messages.ts'

/** Serves as one of several processes, until the one that started it says otherwise. */
export async function beWorker(configuration: Configuration, log: Log): Promise<void> {
  // Until it serves, there is nothing to finish.
  let stop: (haste: Haste) => void = () => process.exit(0)
  process.on('message', ({ haste }: ToWorker) => stop(haste))
  const node = await startNode(configuration, log)
  stop = stopOnWord(log, (haste) => drainAndClose(node, haste === 'at-once' ? 0 : configuration.drainSeconds, log))
  const ready: FromWorker = 'ready'
  process.send?.(ready)
}

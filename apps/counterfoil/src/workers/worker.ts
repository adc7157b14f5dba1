import type { Configuration } from '../config/configuration.ts'
import { startNode } from '../commands/node.ts'
import { drainAndClose, stopOnWord } from '../commands/stopping.ts'
import type { Log } from '../terminal/log.ts'
import type { FromWorker, ToWorker } from './messages.ts'
import { SharedMemoryClient } from './shared-memory.ts'

/** Serves as one of several processes, until the one that started it says otherwise. */
export async function beWorker(configuration: Configuration, log: Log): Promise<void> {
  const memory = new SharedMemoryClient(tell)
  const onWord = (take: (word: ToWorker) => void): void => void process.on('message', take)
  onWord((word) => memory.hear(word))
  const abandon = (word: ToWorker): void => {
    if (word.kind === 'stop') process.exit(0)
  }
  process.on('message', abandon)
  const node = await startNode(configuration, log, memory.stores)
  process.off('message', abandon)
  stopOnWord(
    log,
    (stop) => onWord((word) => word.kind === 'stop' && stop(word.haste)),
    (haste) => drainAndClose(node, haste === 'at-once' ? 0 : configuration.drainSeconds, log),
  )
  tell({ kind: 'ready' })
}

function tell(word: FromWorker): void {
  // Where the other process is gone, this one ends too: there is nobody left to tell.
  if (process.connected === true) process.send?.(word)
}

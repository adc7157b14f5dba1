import cluster from 'node:cluster'
import { loadConfiguration } from '../config/load.ts'
import { createLog, logWarnings } from '../terminal/log.ts'
import { runWorkers } from '../workers/primary.ts'
import { beWorker } from '../workers/worker.ts'
import { announce } from './announce.ts'
import { startNode } from './node.ts'
import { drainAndClose, stopOnSignal } from './stopping.ts'

/** Serves until a signal comes, from this process or from several. */
export async function serve(options: { readonly config?: string }): Promise<void> {
  const configuration = loadConfiguration(options.config)
  const isWorker = configuration.workers > 1 && cluster.isWorker
  const log = createLog(configuration.logLevel, isWorker ? cluster.worker?.id : undefined)
  logWarnings(log)
  if (isWorker) return beWorker(configuration, log)
  if (configuration.workers > 1) {
    await runWorkers(configuration, log)
  } else {
    const node = await startNode(configuration, log)
    stopOnSignal(log, (haste) => drainAndClose(node, haste === 'at-once' ? 0 : configuration.drainSeconds, log))
  }
  announce(configuration, log)
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../terminal/log.ts'
import { StoreFailure } from './unreachable.ts'

/** How long to wait for stores that may just be starting. */
export interface Patience {
  readonly log: Log
  /** Default 30,000. */
  readonly forMs?: number
}

const PAUSE_MS = 500

/** Opens something; while it cannot be reached, tries again, for so long, and says so once. @throws {StoreFailure} the last one. */
export async function patiently<Result>(
  open: () => Promise<Result>,
  { log, forMs = 30_000 }: Patience,
): Promise<Result> {
  const giveUpAt = performance.now() + forMs
  for (let told = false; ; told = true) {
    try {
      return await open()
    } catch (error) {
      if (!(error instanceof StoreFailure) || !error.mayPass || performance.now() + PAUSE_MS > giveUpAt) throw error
      if (!told) log.logger.warn(`${error.message}; trying again for ${Math.round(forMs / 1000)} s`)
      await sleep(PAUSE_MS)
    }
  }
}

import { setTimeout as sleep } from 'node:timers/promises'

/** Asks again until it is so. @throws {Error} after 30 s. */
export async function until(isSo: () => Promise<boolean>, otherwise: string): Promise<void> {
  const giveUpAt = performance.now() + 30_000
  while (!(await isSo())) {
    if (performance.now() > giveUpAt) throw new Error(`${otherwise} after 30 s`)
    await sleep(25)
  }
}

/**
 * Loaded into a gateway under test before anything else (`node --import`): at SIGUSR2 it collects all garbage, and writes how many bytes are left. The
 * memory that a process has from the system says little about what it keeps: V8 collects when it has nothing better to do.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

process.on('SIGUSR2', () => {
  collectGarbage()
  // What finalizers let go of is garbage only then.
  setImmediate(tell)
})

function tell(): void {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  process.stdout.write(`live bytes: ${heapUsed + external}\n`)
}

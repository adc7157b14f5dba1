import { describeConfiguration } from '../config/describe.ts'
import { loadConfiguration } from '../config/load.ts'

/** Prints what is in force, and where each value came from. Touches no data. */
export function checkConfig(options: { readonly config?: string }): void {
  process.stdout.write(`${describeConfiguration(loadConfiguration(options.config))}\n`)
}

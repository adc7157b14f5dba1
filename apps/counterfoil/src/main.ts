import { CommanderError } from 'commander'
import { toOneLine } from './config/quoting.ts'
import { EXIT } from './failure.ts'
import { createProgram } from './program.ts'

/** Runs a command; whatever goes wrong becomes one line and an exit code. */
async function main(): Promise<void> {
  try {
    await createProgram().parseAsync()
  } catch (error) {
    process.exit(reportFailure(error))
  }
}

function reportFailure(error: unknown): number {
  // Commander has said what there is to say: help, the version, or a mistake.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage
  process.stderr.write(`counterfoil: ${toOneLine(error instanceof Error ? error.message : String(error))}\n`)
  return EXIT.failed
}

await main()

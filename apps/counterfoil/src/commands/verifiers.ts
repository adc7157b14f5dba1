import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { systemRandom } from '@counterfoil/core'
import { loadConfiguration } from '../config/load.ts'
import { quote } from '../config/quoting.ts'
import { CommandFailure } from '../failure.ts'
import { systemCode } from '../system-code.ts'

interface AddOptions {
  readonly config?: string
}

/** What a verifier proves itself with is drawn at random: so many bytes. */
const KEY_BYTES = 32
const OWNER_ONLY = 0o600

/** Makes a key for a verifier, and writes it into the file with the settings, or prints what belongs there. */
export function addVerifier(name: string, { config }: AddOptions): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name))
    throw new CommandFailure(`${quote(name)} is no name of a verifier: use up to 64 letters, digits and . _ -`)
  const key = Buffer.from(systemRandom(KEY_BYTES)).toString('base64url')
  const block = `[[verifiers]]\nname = "${name}"\nkey = "${key}"\n`
  if (config === undefined) {
    process.stdout.write(block)
    process.stderr.write(
      'Put these lines at the end of the file with the settings (or name it with --config), and give the key to the service as VERIFIER_KEY.\n',
    )
    return
  }
  addToFile(config, name, block)
  process.stdout.write(`VERIFIER_KEY=${key}\n`)
  process.stderr.write(
    `added verifier ${name} to ${config}: start the server again, and give the line above to the service\n`,
  )
}

/** What was in the file stays as it was; the lines come after it. */
function addToFile(file: string, name: string, block: string): void {
  const before = existsSync(file) ? readFileSync(file, 'utf8') : undefined
  if (before !== undefined && loadConfiguration(file).verifiers.some((verifier) => verifier.name === name))
    throw new CommandFailure(`${file} has a verifier ${name} already: give this one another name`)
  try {
    if (before === undefined) writeFileSync(file, block, { mode: OWNER_ONLY, flag: 'wx' })
    else appendFileSync(file, `${before === '' || before.endsWith('\n') ? '' : '\n'}\n${block}`)
  } catch (error) {
    throw new CommandFailure(
      `${file} cannot be written (${systemCode(error) ?? 'unknown reason'}): nothing was changed`,
    )
  }
  loadConfiguration(file)
}

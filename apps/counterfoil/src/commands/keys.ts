import { systemClock, type StoredKey } from '@counterfoil/core'
import Table from 'cli-table3'
import type { KeyId } from '@counterfoil/protocol'
import { loadConfiguration } from '../config/load.ts'
import { quote } from '../config/quoting.ts'
import { CommandFailure } from '../failure.ts'
import { withAuth } from '../installation/installation.ts'

const HEAD = ['key', 'for', 'algorithm', 'state', 'made', 'signs from']
const NO_RULES = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' }

interface KeysOptions {
  readonly config?: string
}

/** Prints the keys of the installation, and what each is doing. */
export function listKeys(options: KeysOptions): Promise<void> {
  return withAuth(loadConfiguration(options.config), false, async (_auth, database) => {
    process.stdout.write(`${tableOf(await database.listKeys(), systemClock.now())}\n`)
  })
}

/** Lets the next signing key take over as soon as every verifier can know it, and prints from when on it signs. */
export function rotateKeys(options: KeysOptions): Promise<void> {
  return withAuth(loadConfiguration(options.config), false, async (auth, database) => {
    const { activeAt } = await auth.rotateKeys()
    const next = (await database.listKeys()).find((key) => key.purpose === 'jwt' && key.activeAt === activeAt)
    const name = next === undefined ? 'the next key' : `key ${next.id}`
    process.stdout.write(`${name} signs from ${showInstant(activeAt)}\n`)
  })
}

/** Takes a signing key out of use at once, with every token that it signed. */
export function killKey(id: string, options: KeysOptions): Promise<void> {
  return withAuth(loadConfiguration(options.config), false, async (auth) => {
    const killed = await auth.killKey(id as KeyId)
    if (killed === undefined)
      throw new CommandFailure(
        `there is no signing key ${quote(id)}: counterfoil keys list prints those that are there`,
      )
    process.stdout.write(
      `killed key ${id}: nobody who follows the log accepts what it signed, and the next key signs now\n`,
    )
  })
}

/** The keys of each purpose in turn, and which of them signs at this instant. */
export function tableOf(keys: readonly StoredKey[], now: number): string {
  const table = new Table({ head: HEAD, chars: NO_RULES, style: { head: [], border: [] } })
  for (const key of keys) {
    const purpose = key.purpose === 'jwt' ? 'tokens (JWT)' : `opaque tokens, number ${key.number}`
    table.push([
      key.id,
      purpose,
      key.algorithm,
      stateOf(key, keys, now),
      showInstant(key.createdAt),
      showInstant(key.activeAt),
    ])
  }
  return table.toString()
}

function stateOf(key: StoredKey, keys: readonly StoredKey[], now: number): string {
  if (key.activeAt > now) return 'next: published, signs later'
  const newer = keys.some(
    (other) => other.purpose === key.purpose && other.activeAt <= now && other.activeAt > key.activeAt,
  )
  return newer ? 'retired: verifies only' : 'signs'
}

function showInstant(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')
}

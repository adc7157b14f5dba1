import type { Commands } from './commands.ts'
import type { Keys } from './keys.ts'
import type { Link } from './link.ts'

/** What the verbs work with. */
export interface StoreParts {
  readonly commands: Commands
  readonly keys: Keys
  readonly link: Link
  /** A word that no other start uses. */
  readonly drawName: () => string
  /** Waits for a replica to have what was written to the key, for as long as that is worth it. */
  readonly replicate: (key: string) => Promise<void>
}

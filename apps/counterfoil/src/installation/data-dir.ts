import { mkdirSync } from 'node:fs'
import { CommandFailure } from '../failure.ts'
import { systemCode } from '../system-code.ts'

/** Makes the folder, for its owner only, unless it is there. @throws {CommandFailure} */
export function makeDataDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new CommandFailure(`${path} cannot be made into the data folder (${explain(error)}): choose another data_dir`)
  }
}

function explain(error: unknown): string {
  const code = systemCode(error)
  switch (code) {
    case 'EEXIST':
    case 'ENOTDIR':
      return 'a file is in the way'
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'this user may not write there'
    case 'ENOSPC':
      return 'the disk is full'
    case undefined:
    default:
      return String(code ?? error)
  }
}

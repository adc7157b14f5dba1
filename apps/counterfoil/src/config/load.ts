import { readFileSync } from 'node:fs'
import { systemCode } from '../system-code.ts'
import { readConfiguration, type Configuration } from './configuration.ts'
import { SettingError } from './setting-error.ts'

/**
 * The configuration of this process: the file that `--config` names, if any, and the environment.
 *
 * @throws {SettingError}
 */
export function loadConfiguration(fileName: string | undefined): Configuration {
  return readConfiguration({
    file: fileName === undefined ? undefined : { name: fileName, text: readText(fileName) },
    environment: process.env,
    directory: process.cwd(),
  })
}

/** The text of a file of settings. @throws {SettingError} */
export function readText(fileName: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(fileName))
  } catch (error) {
    throw new SettingError(`${fileName}:`, explain(error))
  }
}

function explain(error: unknown): string {
  switch (systemCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'there is no such file: give --config the path of one, or leave it out'
    case 'EACCES':
    case 'EPERM':
      return 'this file may not be read: give this user the right to'
    case 'EISDIR':
      return 'this is a folder: give --config the path of a file'
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return 'this is not UTF-8 text: save the file as UTF-8'
    case undefined:
    default:
      return `this file cannot be read: ${error instanceof Error ? error.message : String(error)}`
  }
}

import { parse, TomlError, type TomlTable } from 'smol-toml'
import { toOneLine } from './quoting.ts'
import { SettingError } from './setting-error.ts'

/**
 * The tables of a TOML document.
 *
 * @throws {SettingError} with file name and line; the text of the line stays out of it, for it may hold a secret.
 */
export function parseToml(text: string, fileName: string): TomlTable {
  try {
    return parse(text, { maxDepth: 20 })
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const [reason = ''] = error.message.replace('Invalid TOML document: ', '').split('\n')
    throw new SettingError(`${fileName}:${error.line}:`, `this is not valid TOML: ${toOneLine(reason)}`)
  }
}

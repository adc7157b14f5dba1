import { readFileSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { createTheme, type Logo, type PagesSettings } from '@counterfoil/server'
import { systemCode } from '../system-code.ts'
import { SettingError } from './setting-error.ts'
import type { SettingValue } from './settings.ts'

/** Larger ones are no logos. */
const LOGO_LIMIT_BYTES = 256 * 1024

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** The pages of a file, with their logo read; `false` where there are to be none. @throws {SettingError} */
export function readPages(table: SettingValue<'pages'>, place: string, directory: string): PagesSettings | false {
  const { enabled = true, name, accent, logo } = table
  const read = logo === undefined ? undefined : readLogo(resolve(directory, logo), `${place}.logo`)
  const settings = { name, accent, logo: read }
  try {
    createTheme(settings)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new SettingError(place, error.message.replace(/^pages: /, ''))
  }
  return enabled ? settings : false
}

function readLogo(path: string, place: string): Logo {
  const type = typeOf(path, place)
  const content = readBytes(path, place)
  if (content.length > LOGO_LIMIT_BYTES) throw new SettingError(place, 'must be a file of at most 256 KiB')
  const isPicture = type === 'image/png' ? content.subarray(0, PNG.length).equals(PNG) : content.includes('<svg')
  if (!isPicture) throw new SettingError(place, 'is not a picture of the kind that its name says')
  return { type, content }
}

function typeOf(path: string, place: string): Logo['type'] {
  const ending = extname(path).toLowerCase()
  if (ending === '.svg') return 'image/svg+xml'
  if (ending === '.png') return 'image/png'
  throw new SettingError(place, 'must be the path of an .svg or .png file')
}

function readBytes(path: string, place: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new SettingError(
      place,
      `cannot be read (${systemCode(error) ?? 'for an unknown reason'}): give the path of a file`,
    )
  }
}

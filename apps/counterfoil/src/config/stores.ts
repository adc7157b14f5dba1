import { resolve } from 'node:path'
import { SettingError } from './setting-error.ts'

const schemeOf = (text: string): string => /^([a-z+]+):/i.exec(text)?.[1]?.toLowerCase() ?? ''

/** The SQLite file, in `dataDir` unless its path is absolute. What is wrong is told without the text, which may hold a password. @throws {SettingError} */
export function readDatabase(text: string, place: string, dataDir: string): string {
  if (/^postgres(ql)?$/.test(schemeOf(text))) {
    throw new SettingError(place, 'names PostgreSQL, which this version does not have yet: use "sqlite:counterfoil.db"')
  }
  const file = /^sqlite:([^:].*)$/.exec(text)?.[1]
  if (file === undefined || /^\/\/|\/$|^file:/.test(file)) {
    throw new SettingError(place, 'must be "sqlite:" and a file name, such as "sqlite:counterfoil.db"')
  }
  return resolve(dataDir, file)
}

/** Where sessions are kept: with the rest, in this version. @throws {SettingError} */
export function readSessionStore(text: string, place: string): 'database' {
  if (text === 'database') return text
  if (/^(rediss?|valkeys?)(\+\w+)?$/.test(schemeOf(text))) {
    throw new SettingError(place, 'names Redis, which this version does not have yet: use "database"')
  }
  throw new SettingError(place, 'must be "database"')
}

/** The installation's secret. @throws {SettingError} */
export function readSecret(text: string, place: string): Uint8Array {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length >= 32) return bytes
  throw new SettingError(place, 'must be at least 32 bytes; this makes a good one: openssl rand -base64 32')
}

/** How many processes serve. @throws {SettingError} */
export function readWorkers(workers: number, place: string): 1 {
  if (workers === 1) return 1
  throw new SettingError(place, 'must be 1: this version serves from one process')
}

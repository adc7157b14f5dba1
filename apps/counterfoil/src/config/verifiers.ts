import type { VerifierSettings } from '@counterfoil/server'
import { refuseTwins } from './applications.ts'
import type { SettingValue } from './settings.ts'

/** The verifiers of a file. @throws {SettingError} */
export function readVerifiers(tables: SettingValue<'verifiers'>, place: string): readonly VerifierSettings[] {
  for (const member of ['name', 'key'] as const) {
    refuseTwins(
      tables.map((table) => table[member]),
      (at) => `${place}[${at}].${member}`,
    )
  }
  return tables
}

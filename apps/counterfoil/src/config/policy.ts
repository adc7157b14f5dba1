import { createPolicy, PolicyError, type Policy } from '@counterfoil/core'
import type { GivenSettings } from './given.ts'
import { SettingError } from './setting-error.ts'
import { POLICY_NAMES, renamePolicy, toSnakeCase } from './wire-names.ts'

/** The policy with what was given in place of the defaults. @throws {SettingError} */
export function readPolicy(given: GivenSettings): Policy {
  const settings: Partial<Record<keyof Policy, unknown>> = {}
  for (const [name, core] of POLICY_NAMES) settings[core] = given.get(`policy.${name}`)?.value
  try {
    return createPolicy(settings as Partial<Policy>)
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    const name = `policy.${toSnakeCase(error.setting)}`
    throw new SettingError(given.get(name)?.place ?? `${name} (its default)`, renamePolicy(error.message))
  }
}

import { type Static, type TArray, type TObject, type TSchema, IsArray, IsObject, IsOptional } from 'typebox'
import { Check } from 'typebox/value'
import { showKey, suggest } from './nearest.ts'
import { SettingError } from './setting-error.ts'

/**
 * Holds a value to its schema, whose descriptions say what would be right.
 *
 * @throws {SettingError} for the first thing that is wrong; the value stays out of it.
 */
export function checkShape<Schema extends TSchema>(schema: Schema, value: unknown, place: string): Static<Schema> {
  if (IsObject(schema)) checkObject(schema, value, place)
  else if (IsArray(schema)) checkArray(schema, value, place)
  else if (!Check(schema, value)) refuse(schema, place)
  return value as Static<Schema>
}

/** @throws {SettingError} when a key of the table is none of the known ones; `elsewhere` says where else it belongs. */
export function checkKeys(
  table: object,
  known: readonly string[],
  placeOf: (key: string) => string,
  elsewhere: (key: string) => string | undefined = () => undefined,
): void {
  for (const key of Object.keys(table)) {
    if (known.includes(key)) continue
    throw new SettingError(placeOf(showKey(key)), `is not a setting: ${elsewhere(key) ?? suggest(key, known)}`)
  }
}

function checkObject(schema: TObject, value: unknown, place: string): void {
  if (!isTable(value)) return refuse(schema, place)
  const placeOf = (key: string): string => `${place}.${key}`
  checkKeys(value, Object.keys(schema.properties), placeOf)
  for (const [key, property] of Object.entries(schema.properties)) {
    if (Object.hasOwn(value, key)) checkShape(property, value[key], placeOf(key))
    else if (!IsOptional(property)) {
      throw new SettingError(placeOf(key), `is missing: it must be ${describe(property)}`)
    }
  }
}

function checkArray(schema: TArray, value: unknown, place: string): void {
  if (!Array.isArray(value)) return refuse(schema, place)
  for (const [at, item] of value.entries()) checkShape(schema.items, item, `${place}[${at}]`)
}

function refuse(schema: TSchema, place: string): never {
  throw new SettingError(place, `must be ${describe(schema)}`)
}

function describe(schema: TSchema): string {
  return 'description' in schema ? String(schema.description) : 'something else'
}

/** Whether this is a TOML table; dates are objects too. */
export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

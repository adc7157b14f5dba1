import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readConfiguration } from './configuration.ts'
import { VARIABLES } from './given.ts'
import { SettingError } from './setting-error.ts'
import { SETTING_NAMES } from './settings.ts'
import { POLICY_NAMES } from './wire-names.ts'

function refusalOf(text: string, environment: Record<string, string>): string {
  try {
    readConfiguration({ file: { name: 'c.toml', text }, environment, directory: '/srv' })
  } catch (error) {
    if (error instanceof SettingError) return error.message
    throw error
  }
  return 'nothing was refused'
}

describe('whatever is given', () => {
  const names = fc.constantFrom(
    ...SETTING_NAMES,
    ...POLICY_NAMES.keys(),
    'policy',
    'id',
    'strategy',
    'key',
    'name',
    'origins',
    '"\\n"',
    '"__proto__"',
    'a.b',
  )
  const tricky = fc.constantFrom(
    'http://[',
    'sqlite:',
    'postgres://u:p@h/d?sslmode=',
    'redis+sentinel://a,b/n?',
    '127.0.0.1:1',
    'https://a',
    '[::]:1',
    '\u0000',
    '\u2028',
    '\u001b[2J',
  )
  const value = fc.oneof(
    fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
    tricky.map((text) => JSON.stringify(text)),
    fc.constantFrom(
      '1',
      '-1',
      '1.5',
      'nan',
      'inf',
      'true',
      '[]',
      '{}',
      '[[1]]',
      '{ a = 1 }',
      '1979-05-27',
      '07:32:00',
      '"',
    ),
    fc.integer().map(String),
  )
  const header = fc.constantFrom('[policy]', '[[applications]]', '[[verifiers]]', '[applications]', '[', ']]')
  const line = fc.oneof(
    { weight: 5, arbitrary: fc.tuple(names, value).map(([name, text]) => `${name} = ${text}`) },
    { weight: 2, arbitrary: header },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  )
  const document = fc.array(line, { maxLength: 8 }).map((lines) => lines.join('\n'))
  const variable = fc.oneof(
    fc.constantFrom(...VARIABLES.keys()),
    fc.string().map((text) => `COUNTERFOIL_${text}`),
  )
  const environment = fc.dictionary(variable, fc.oneof(fc.string({ unit: 'binary' }), tricky), { maxKeys: 3 })

  test('it gives a configuration or one line, never anything else', () => {
    fc.assert(
      fc.property(document, environment, (text, variables) => {
        const outcome = refusalOf(text, variables)
        expect(outcome).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029]/u)
      }),
      { numRuns: 2000 },
    )
  })
})

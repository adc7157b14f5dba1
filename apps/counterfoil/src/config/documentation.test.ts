import { readFileSync } from 'node:fs'
import { POLICY_LIMITS, type PolicyLimit } from '@counterfoil/core'
import { IsArray, IsObject } from 'typebox'
import { expect, test } from 'vitest'
import { readConfiguration } from './configuration.ts'
import { VARIABLES } from './given.ts'
import { SETTINGS, SETTING_NAMES, type SettingName } from './settings.ts'
import { POLICY_NAMES } from './wire-names.ts'

const text = readFileSync(new URL('../../../../docs/operations/configuration.md', import.meta.url), 'utf8')

/** Rows of the table below a heading, cell by cell, without the head. */
function rowsBelow(heading: string): string[][] {
  const [, section = ''] = text.split(`## ${heading}\n`)
  const [own = ''] = section.split('\n## ')
  const rows = own.split('\n').filter((line) => line.startsWith('|'))
  return rows.slice(2).map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  )
}

const code = (name: string): string => `\`${name}\``

test('the documentation lists every top-level key with its variable and its default', () => {
  const variables = new Map([...VARIABLES].map(([variable, name]) => [name, variable]))
  const initial = (name: SettingName): string => {
    const text = SETTINGS[name].initial
    return /^["[\d]|^false$/.test(text) ? code(text) : text
  }
  const expected = SETTING_NAMES.map((name) => {
    const variable = variables.get(name)
    return [code(name), variable === undefined ? '' : code(variable), initial(name)]
  })
  expect(rowsBelow('Top-level keys').map((row) => row.slice(0, 3))).toEqual(expected)
})

test('the defaults that are documented are those in force', () => {
  const given = SETTING_NAMES.filter((name) => /^["[\d]|^false$/.test(SETTINGS[name].initial))
  const file = given.map((name) => `${name} = ${SETTINGS[name].initial}`).join('\n')
  const { sources: _given, ...explicit } = readConfiguration({
    file: { name: 'defaults.toml', text: file },
    environment: {},
    directory: '/srv',
  })
  const { sources: _none, ...implicit } = readConfiguration({ environment: {}, directory: '/srv' })
  expect(explicit).toEqual(implicit)
})

test('the documentation lists every setting of the policy with its default, range and meaning', () => {
  const show = (number: number): string => number.toLocaleString('en-US')
  const expected = [...POLICY_NAMES].map(([name, core]) => {
    if (core === 'signingAlgorithm') {
      return [code(name), '`EdDSA`', '`EdDSA`, `ES256`, `RS256`', 'what new signing keys are made for']
    }
    const { initial, min, max, says } = POLICY_LIMITS[core satisfies PolicyLimit]
    return [code(name), show(initial), `${show(min)} to ${show(max)}`, says]
  })
  expect(rowsBelow('Policy')).toEqual(expected)
})

test.each([
  ['Pages', SETTINGS.pages.schema],
  ['Applications', SETTINGS.applications.schema],
  ['Verifiers', SETTINGS.verifiers.schema],
])('the documentation lists every key of %s', (heading, schema) => {
  const table = IsArray(schema) ? schema.items : schema
  const keys = table !== undefined && IsObject(table) ? Object.keys(table.properties) : []
  expect(keys).not.toEqual([])
  expect(rowsBelow(heading).map(([key]) => key)).toEqual(keys.map(code))
})

test('the example of the documentation is a configuration', () => {
  const example = /```toml\n([^`]+)```/.exec(text)?.[1] ?? ''
  const configuration = readConfiguration({
    file: { name: 'example.toml', text: example },
    environment: {},
    directory: '/srv',
  })
  expect(configuration.applications.map(({ id }) => id)).toEqual(['shop'])
})

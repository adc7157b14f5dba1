import { parse } from 'smol-toml'
import { expect, test } from 'vitest'
import { readConfiguration, type ConfigurationSources } from './configuration.ts'
import { describeConfiguration } from './describe.ts'

const SECRET = 'a-secret-of-thirty-two-characters'

const sources: ConfigurationSources = {
  file: {
    name: 'c.toml',
    text: `
      issuer = "https://auth.example.com"
      secret = "${SECRET}1"
      gateway_origins = ["https://api.example.com"]
      [policy]
      leeway_seconds = 7
      [[applications]]
      id = "shop"
      strategy = "hybrid"
      secret = "${SECRET}2"
      origins = ["https://shop.example.com"]
      idle_seconds = 600
      [[verifiers]]
      name = "orders"
      key = "${SECRET}3"
    `,
  },
  environment: { COUNTERFOIL_LISTEN: '[::1]:7501' },
  directory: '/srv',
}

const description = describeConfiguration(readConfiguration(sources))
const lineOf = (start: string): string => description.split('\n').find((line) => line.startsWith(start)) ?? ''

test('each value stands beside where it comes from', () => {
  expect(lineOf('issuer')).toMatch(/^issuer = "https:\/\/auth\.example\.com" +# c\.toml$/)
  expect(lineOf('listen')).toMatch(/^listen = "\[::1\]:7501" +# COUNTERFOIL_LISTEN$/)
  expect(lineOf('gateway_origins')).toMatch(/^gateway_origins = \[ "https:\/\/api\.example\.com" \] +# c\.toml$/)
  expect(lineOf('log_level')).toMatch(/^log_level = "info" +# default$/)
  expect(lineOf('leeway_seconds')).toMatch(/^leeway_seconds = 7 +# c\.toml$/)
  expect(lineOf('access_token_seconds')).toMatch(/^access_token_seconds = 300 +# default$/)
})

test('secrets are masked', () => {
  expect(description).not.toContain(SECRET)
  expect(description.match(/"\*{8}"/g)).toHaveLength(3)
})

test('the description is itself a configuration with the same settings, but for the secrets', () => {
  const again = readConfiguration({
    ...sources,
    file: { name: 'again.toml', text: withKeys(description) },
    environment: {},
  })
  const { sources: _first, secret: _own, ...rest } = readConfiguration(sources)
  expect(again).toMatchObject({
    ...rest,
    applications: rest.applications.map(({ secretHash: _hash, ...application }) => application),
    verifiers: [{ name: 'orders' }],
  })
})

test('with defaults alone it is valid TOML too', () => {
  const described = describeConfiguration(readConfiguration({ environment: {}, directory: '/srv' }))
  expect(parse(described)).toMatchObject({ listen: '127.0.0.1:7500', policy: { lease_seconds: 5 } })
  expect(described).toContain('the file "secret" in data_dir')
})

/** The description with the masked keys of verifiers filled in: they are required. */
function withKeys(text: string): string {
  return text.replaceAll('# key = "********"', `key = "${SECRET}"`)
}

test('stores are shown without their passwords, and lines that lack one are comments', () => {
  const text = 'database = "postgres://ada:hunter2@db/auth"\nsession_store = "redis://:hunter2@r"\n'
  const shown = describeConfiguration(
    readConfiguration({ file: { name: 'c.toml', text }, environment: {}, directory: '/srv' }),
  )
  expect(shown).not.toContain('hunter2')
  expect(shown).toMatch(/^# database = "postgres:\/\/ada:\*{8}@db\/auth" +# c\.toml$/m)
  expect(shown).toMatch(/^# session_store = "redis:\/\/:\*{8}@r:6379" +# c\.toml$/m)
  expect(shown).toMatch(/^# secret = "\*{8}" +# missing: set COUNTERFOIL_SECRET$/m)
  expect(shown).toMatch(/^drain_seconds = 5 +# default$/m)
})

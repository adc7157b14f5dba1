import { expect, it } from 'vitest'
import { readSettings } from './settings.ts'

it('without any variable the API verifies for the server of the first start, and follows nothing', () => {
  expect(readSettings({})).toEqual({
    port: 7600,
    verifier: { issuer: 'http://localhost:7500', audience: 'http://localhost:7500', feed: false, onStale: undefined },
  })
})

it('a key lets it follow revocations, in the mode and by the policy that are asked for', () => {
  const given = { ISSUER: 'https://a.example', AUDIENCE: 'https://b.example', PORT: '1', VERIFIER_KEY: 'k' }
  expect(readSettings({ ...given, FEED_MODE: 'on-demand', ON_STALE: 'accept' })).toEqual({
    port: 1,
    verifier: {
      issuer: 'https://a.example',
      audience: 'https://b.example',
      feed: { key: 'k', mode: 'on-demand' },
      onStale: 'accept',
    },
  })
})

it.each([
  ['PORT', { PORT: 'x' }],
  ['ON_STALE', { ON_STALE: 'ignore' }],
  ['FEED_MODE', { FEED_MODE: 'sometimes' }],
])('a wrong %s is refused by name', (name, environment) => {
  expect(() => readSettings(environment)).toThrow(name)
})

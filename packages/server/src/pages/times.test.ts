import { expect, it } from 'vitest'
import { instantElement } from './times.ts'

it.each([
  ['en', 'Jan 2, 2026, 3:04 PM UTC'],
  ['ko', '2026. 1. 2. 오후 3:04 UTC'],
] as const)('an instant is written in %s by the calendar of its readers: %s', (language, text) => {
  const at = Date.UTC(2026, 0, 2, 15, 4, 5)
  const written = instantElement(language, at).text.replaceAll('\u202F', ' ')
  expect(written).toBe(`<time datetime="2026-01-02T15:04:05.000Z">${text}</time>`)
})

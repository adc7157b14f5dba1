import { describe, expect, it } from 'vitest'
import { negotiateLanguage } from './language.ts'

describe('the language of a page', () => {
  it.each([
    [undefined, 'en'],
    ['', 'en'],
    ['ko', 'ko'],
    ['KO-kr', 'ko'],
    ['en-US,en;q=0.9,ko;q=0.8', 'en'],
    ['ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7', 'ko'],
    ['en;q=0.5, ko;q=0.8', 'ko'],
    ['fr, de;q=0.9', 'en'],
    ['fr, ko;q=0.1', 'ko'],
    ['*', 'en'],
    ['en;q=0, *', 'ko'],
    ['ko;q=0, *;q=0.5', 'en'],
    ['ko;q=0', 'en'],
    ['ko;q=1.5, en;q=0.1', 'en'],
    ['korean, en;q=0.1', 'en'],
    ['ko;q=nonsense;;,,,', 'en'],
    ['en;q=0.7,ko;q=0.7', 'en'],
    ['ko;q=0.7,en;q=0.7', 'ko'],
  ])('RFC 9110 12.5.4 for %j is %s', (header, language) => {
    expect(negotiateLanguage(header)).toBe(language)
  })
})

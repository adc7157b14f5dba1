/** The languages of the pages; the first one is for everybody else. */
export const LANGUAGES = ['en', 'ko'] as const

/** A language of the pages. */
export type Language = (typeof LANGUAGES)[number]

/** Cookie of the chosen language. It says nothing else, and is the same for everybody who chose so. */
export const LANGUAGE_COOKIE = '__Host-language'

const YEAR_SECONDS = 365 * 24 * 60 * 60

/** `Set-Cookie` for a chosen language. */
export function setLanguage(language: Language): string {
  return `${LANGUAGE_COOKIE}=${language}; Path=/; Max-Age=${YEAR_SECONDS}; Secure; HttpOnly; SameSite=Lax`
}

/** The language of this name, if there is one. */
export function asLanguage(text: string | undefined): Language | undefined {
  return LANGUAGES.find((language) => language === text)
}

interface Range {
  readonly range: string
  readonly quality: number
}

function readRange(part: string): Range | undefined {
  const [range = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase())
  const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1'
  if (!/^(\*|[a-z]{1,8}(-[a-z0-9]{1,8})*)$/.test(range) || !/^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(weight))
    return undefined
  return { range, quality: Number(weight) }
}

/** How much a language is wanted: by the range that fits it closest (RFC 4647 §3.4, RFC 9110 §12.4.2). */
function qualityOf(language: Language, ranges: readonly Range[]): number {
  const own = ranges.filter(({ range }) => range === language || range.startsWith(`${language}-`))
  const fitting = own.length > 0 ? own : ranges.filter(({ range }) => range === '*')
  return Math.max(0, ...fitting.map(({ quality }) => quality))
}

/**
 * The language that an `Accept-Language` asks for most; of equals, the one that it names first. What is not understood is passed over.
 *
 * @example
 * negotiateLanguage('fr, ko;q=0.8, en;q=0.5') // 'ko'
 */
export function negotiateLanguage(header: string | undefined): Language {
  const ranges = (header ?? '').split(',').flatMap((part) => readRange(part) ?? [])
  const placeOf = (language: Language): number => {
    const at = ranges.findIndex(({ range }) => range === language || range.startsWith(`${language}-`))
    return at < 0 ? ranges.length : at
  }
  const wanted = LANGUAGES.map((language) => ({ language, quality: qualityOf(language, ranges) }))
  const best = wanted
    .filter(({ quality }) => quality > 0)
    .toSorted((one, other) => other.quality - one.quality || placeOf(one.language) - placeOf(other.language))
  return best[0]?.language ?? 'en'
}

import { html, type Html } from './html.ts'
import type { Language } from './language.ts'

const STEPS = [
  ['year', 31_536_000_000],
  ['month', 2_592_000_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const

/**
 * How far off something is in words, by `Intl`: `3 hours ago`, `5분 후`. In the largest unit that it fills; what lies ahead is
 * rounded up, because whoever waits should not come too early.
 */
export function tellDistance(language: Language, distanceMs: number): string {
  const size = Math.abs(distanceMs)
  const [unit, unitMs] = STEPS.find(([, ms]) => size >= ms) ?? STEPS[STEPS.length - 1] ?? (['second', 1000] as const)
  const count = distanceMs > 0 ? Math.ceil(size / unitMs) : -Math.floor(size / unitMs)
  return new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(count, unit)
}

const DATES = {
  en: new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }),
  ko: new Intl.DateTimeFormat('ko', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }),
} as const

/** An instant as text. Where the reader is, nobody tells the server, so it is UTC and says so. */
function tellInstant(language: Language, at: number): string {
  return `${DATES[language].format(at)} UTC`
}

/** An instant by its distance from now, with the instant itself for those who point at it. */
export function agoElement(language: Language, at: number, now: number): Html {
  const iso = new Date(at).toISOString()
  const text = tellDistance(language, Math.min(0, at - now))
  return html`<time datetime="${iso}" title="${tellInstant(language, at)}">${text}</time>`
}

/** An instant, by the calendar. */
export function instantElement(language: Language, at: number): Html {
  return html`<time datetime="${new Date(at).toISOString()}">${tellInstant(language, at)}</time>`
}

import { createHash } from 'node:crypto'
import { stylesheet } from './stylesheet.ts'

/** A picture that the server sends itself. */
export interface Logo {
  readonly type: 'image/svg+xml' | 'image/png'
  readonly content: Uint8Array
}

/** How the pages look. */
export interface PagesSettings {
  /** What the service is called. Default `Counterfoil`. */
  readonly name?: string | undefined
  /** The colour of buttons and links, `#rrggbb`; it is darkened or lightened as far as people need to read it. Default `#0b6170`. */
  readonly accent?: string | undefined
  /** Default: a plain mark. */
  readonly logo?: Logo | undefined
}

/** A file that pages refer to: its name changes with its content, so it can be kept for ever. */
export interface Asset {
  readonly path: string
  readonly type: string
  readonly content: string | Buffer
}

/** A theme, ready to be served. */
export interface Theme {
  readonly name: string
  readonly logo: Asset
  readonly style: Asset
}

type Colour = readonly [red: number, green: number, blue: number]

const LIGHT_PAGE: Colour = [0xf5, 0xf6, 0xf7]
const DARK_SURFACE: Colour = [0x1e, 0x21, 0x25]
const BLACK: Colour = [0, 0, 0]
const WHITE: Colour = [255, 255, 255]

/** WCAG 2.2, 1.4.3: text and what is behind it, with a little to spare. */
const CONTRAST = 4.8

function readColour(text: string): Colour | undefined {
  const [, red, green, blue] = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text) ?? []
  if (red === undefined || green === undefined || blue === undefined) return undefined
  return [parseInt(red, 16), parseInt(green, 16), parseInt(blue, 16)]
}

function showColour(colour: Colour): string {
  return `#${colour.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`
}

function luminance(colour: Colour): number {
  const [red = 0, green = 0, blue = 0] = colour.map((part) => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** How well two colours can be told apart, from 1 to 21 (WCAG 2.2). */
export function contrastOf(one: Colour, other: Colour): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (lighter + 0.05) / (darker + 0.05)
}

function mix(one: Colour, other: Colour, share: number): Colour {
  const part = (at: 0 | 1 | 2): number => one[at] + (other[at] - one[at]) * share
  return [part(0), part(1), part(2)]
}

/** The colour, moved towards another one until it can be read on a background. */
function makeLegible(colour: Colour, background: Colour, towards: Colour): Colour {
  for (let share = 0; share < 1; share += 0.04) {
    const moved = mix(colour, towards, share)
    if (contrastOf(moved, background) >= CONTRAST) return moved
  }
  return towards
}

/** The accent of the light and of the dark page, or undefined when the text is no colour. */
export function accentsOf(text: string): { readonly light: string; readonly dark: string } | undefined {
  const colour = readColour(text)
  if (colour === undefined) return undefined
  return {
    light: showColour(makeLegible(colour, LIGHT_PAGE, BLACK)),
    dark: showColour(makeLegible(colour, DARK_SURFACE, WHITE)),
  }
}

const plainMark = (colour: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="${colour}" fill-rule="evenodd" d="M6 6h20a3 3 0 0 1 3 3v3.5a3.5 3.5 0 0 0 0 7V23a3 3 0 0 1-3 3H6a3 3 0 0 1-3-3v-3.5a3.5 3.5 0 0 0 0-7V9a3 3 0 0 1 3-3zm5 4v3h2v-3zm0 5v2.5h2V15zm0 4.5V22h2v-2.5z"/></svg>`

function nameAsset(kind: string, ending: string, content: string | Buffer): string {
  return `/pages/${kind}-${createHash('sha256').update(content).digest('hex').slice(0, 16)}.${ending}`
}

function logoAsset(logo: Logo): Asset {
  const content = Buffer.from(logo.content)
  return { path: nameAsset('logo', logo.type === 'image/png' ? 'png' : 'svg', content), type: logo.type, content }
}

/**
 * The theme that settings make.
 *
 * @throws {TypeError} naming the setting that is wrong.
 */
export function createTheme({ name = 'Counterfoil', accent = '#0b6170', logo }: PagesSettings): Theme {
  const accents = accentsOf(accent)
  if (accents === undefined) throw new TypeError('pages: accent must be a colour such as #0b6170')
  if (!/^[^\p{Cc}]{1,60}$/u.test(name) || name.trim() === '')
    throw new TypeError('pages: name must be 1 to 60 characters')
  if (logo?.content.length === 0) throw new TypeError('pages: logo must not be empty')
  const mark = { type: 'image/svg+xml', content: Buffer.from(plainMark(mixedAccent(accent))) } as const
  const content = stylesheet(accents)
  return {
    name,
    logo: logoAsset(logo ?? mark),
    style: { path: nameAsset('style', 'css', content), type: 'text/css; charset=utf-8', content },
  }
}

/** One picture for both schemes: half way between what can be read in the one and in the other. */
function mixedAccent(accent: string): string {
  const { light, dark } = accentsOf(accent) ?? { light: accent, dark: accent }
  const [one, other] = [readColour(light), readColour(dark)]
  return one === undefined || other === undefined ? accent : showColour(mix(one, other, 0.5))
}

import type { Words } from './words.ts'

/** In this order: each calls itself by the names of those below too. */
const PROGRAMS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(e|A|iOS)?\//, 'Edge'],
  [/\bOPR\/|\bOpera\b/, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bWhale\//, 'Whale'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bChrome\/|\bCriOS\/|\bHeadlessChrome\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
]

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
]

function nameIn(text: string, names: readonly (readonly [RegExp, string])[]): string | undefined {
  return names.find(([pattern]) => pattern.test(text))?.[1]
}

/** The first product of a `User-Agent`: `curl/8.1` is `curl`. `Mozilla` is everybody, also what is built on a browser and does not say which. */
function productIn(userAgent: string): string | undefined {
  const product = /^([A-Za-z][\w .-]{0,39})(\/|$)/.exec(userAgent)?.[1]
  return product === 'Mozilla' ? undefined : product
}

/**
 * What people may recognise a device by: the label that it was given, else a readable form of its `User-Agent`.
 *
 * @example
 * nameDevice({ userAgent: 'curl/8.1' }, words) // 'curl'
 */
export function nameDevice(
  { label, userAgent = '' }: { readonly label?: string | undefined; readonly userAgent?: string | undefined },
  words: Words,
): string {
  if (label !== undefined && label.trim() !== '') return label
  const program = nameIn(userAgent, PROGRAMS) ?? productIn(userAgent)
  const system = nameIn(userAgent, SYSTEMS)
  if (program !== undefined && system !== undefined) return words.on(program, system)
  return program ?? system ?? words.unknownDevice
}

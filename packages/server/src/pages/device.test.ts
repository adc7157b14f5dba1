import { describe, expect, it } from 'vitest'
import { nameDevice } from './device.ts'
import { WORDS } from './words.ts'

const WEBKIT = 'AppleWebKit/537.36 (KHTML, like Gecko)'

describe('the name of a device', () => {
  it.each([
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/120.0.0.0 Safari/537.36`, 'Chrome on Windows'],
    [`Mozilla/5.0 (Windows NT 10.0) ${WEBKIT} Chrome/120.0.0.0 Safari/537.36 Edg/120.0`, 'Edge on Windows'],
    [
      `Mozilla/5.0 (Linux; Android 14; SM-S918N) ${WEBKIT} SamsungBrowser/23.0 Chrome/115.0 Mobile Safari/537.36`,
      'Samsung Internet on Android',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile/15E148 Safari/604.1',
      'Safari on iPhone',
    ],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:120.0) Gecko/20100101 Firefox/120.0', 'Firefox on macOS'],
    [`Mozilla/5.0 (X11; Linux x86_64) ${WEBKIT} Chrome/120.0.0.0 Safari/537.36`, 'Chrome on Linux'],
    ['curl/8.1.2', 'curl'],
    ['Shop 2.0/7 CFNetwork', 'Shop 2.0'],
    ['<script>', 'Unknown device'],
    [undefined, 'Unknown device'],
  ])('of %j is %s', (userAgent, name) => {
    expect(nameDevice({ userAgent }, WORDS.en)).toBe(name)
  })

  it('is its label where it has one, and speaks the language', () => {
    expect(nameDevice({ label: 'Ada’s phone', userAgent: 'curl/8' }, WORDS.en)).toBe('Ada’s phone')
    expect(nameDevice({ label: '  ', userAgent: 'curl/8' }, WORDS.en)).toBe('curl')
    expect(nameDevice({ userAgent: 'Mozilla/5.0 (Windows NT 10.0) Firefox/120' }, WORDS.ko)).toBe('Windows의 Firefox')
  })
})

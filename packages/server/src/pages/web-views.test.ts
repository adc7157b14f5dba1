import { describe, expect, it } from 'vitest'
import { nameDevice } from './device.ts'
import { WORDS } from './words.ts'

const WEBKIT = 'AppleWebKit/605.1.15 (KHTML, like Gecko)'

describe('the name of a device on which an application shows pages by itself', () => {
  it.each([
    [`Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) ${WEBKIT} Mobile/15E148`, 'iPhone'],
    [`Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${WEBKIT}`, 'macOS'],
    ['Mozilla/5.0 (compatible; somebody)', 'Unknown device'],
    ['Mozilla/5.0', 'Unknown device'],
    ['Mozilla', 'Unknown device'],
    ['Shop/2.0 (iPhone; iOS 17.0)', 'Shop on iPhone'],
    ['Dalvik/2.1.0 (Linux; U; Android 14; SM-S918N)', 'Dalvik on Android'],
  ])('is what it says, and never Mozilla: %j is %s', (userAgent, name) => {
    expect(nameDevice({ userAgent }, WORDS.en)).toBe(name)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { accentsOf, contrastOf, createTheme } from './theme.ts'

const parts = (colour: string): [number, number, number] => [
  parseInt(colour.slice(1, 3), 16),
  parseInt(colour.slice(3, 5), 16),
  parseInt(colour.slice(5, 7), 16),
]

describe('a theme', () => {
  it('WCAG 1.4.3 can be read with any accent, on light and on dark', () => {
    const byte = fc.integer({ min: 0, max: 255 })
    fc.assert(
      fc.property(byte, byte, byte, (red, green, blue) => {
        const accent = `#${[red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')}`
        const { light = '', dark = '' } = accentsOf(accent) ?? {}
        expect(contrastOf(parts(light), [0xf5, 0xf6, 0xf7])).toBeGreaterThanOrEqual(4.5)
        expect(contrastOf(parts(light), [255, 255, 255])).toBeGreaterThanOrEqual(4.5)
        expect(contrastOf(parts(dark), [0x1e, 0x21, 0x25])).toBeGreaterThanOrEqual(4.5)
        expect(contrastOf(parts(dark), [0x10, 0x12, 0x14])).toBeGreaterThanOrEqual(4.5)
      }),
    )
  })

  it('leaves an accent alone that can be read', () => {
    expect(accentsOf('#0b6170')?.light).toBe('#0b6170')
  })

  it.each([
    { accent: 'red' },
    { accent: '#fff' },
    { accent: '#0b6170; } body { display: none' },
    { name: '' },
    { name: ' ' },
    { name: 'a\nb' },
    { name: 'a'.repeat(61) },
    { logo: { type: 'image/png', content: new Uint8Array() } as const },
  ])('is refused: %j', (settings) => {
    expect(() => createTheme(settings)).toThrow(TypeError)
  })

  it('gives files names that change with their content', () => {
    const logo = (text: string) =>
      createTheme({ logo: { type: 'image/svg+xml', content: Buffer.from(text) } }).logo.path
    expect(logo('<svg/>')).not.toBe(logo('<svg></svg>'))
    expect(createTheme({ accent: '#aa0000' }).style.path).not.toBe(createTheme({}).style.path)
  })
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfiguration, type Configuration } from './configuration.ts'
import { describeConfiguration } from './describe.ts'

let directory = ''
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'counterfoil-pages-'))
  writeFileSync(join(directory, 'logo.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
  writeFileSync(join(directory, 'not.png'), '<svg/>')
  writeFileSync(join(directory, 'large.svg'), `<svg>${' '.repeat(300_000)}</svg>`)
})
afterAll(() => rmSync(directory, { recursive: true }))

const read = (text: string): Configuration =>
  readConfiguration({ file: { name: 'c.toml', text }, environment: {}, directory })

describe('[pages]', () => {
  test('are there, and plain, unless something is said', () => {
    expect(read('').pages).toEqual({})
    expect(read('[pages]\nenabled = false').pages).toBe(false)
  })

  test('have the name, the accent and the logo that a file gives, and check-config says so', () => {
    const configuration = read('[pages]\nname = "Harbour Tea"\naccent = "#7a3e9d"\nlogo = "logo.svg"')
    expect(configuration.pages).toMatchObject({
      name: 'Harbour Tea',
      accent: '#7a3e9d',
      logo: { type: 'image/svg+xml' },
    })
    expect(describeConfiguration(configuration)).toContain('name = "Harbour Tea"')
    expect(describeConfiguration(configuration)).toMatch(/# logo: image\/svg\+xml, \d+ bytes/)
  })

  test.each([
    ['accent = "red"', 'c.toml: pages.accent'],
    ['accent = "#fff"', 'c.toml: pages.accent'],
    ['name = ""', 'c.toml: pages.name'],
    ['name = "   "', 'c.toml: pages'],
    ['logo = "logo.gif"', 'c.toml: pages.logo'],
    ['logo = "absent.svg"', 'c.toml: pages.logo'],
    ['logo = "not.png"', 'c.toml: pages.logo'],
    ['logo = "large.svg"', 'c.toml: pages.logo'],
    ['logos = "logo.svg"', 'c.toml: pages.logos'],
  ])('are refused with %s, in one line that names it', (line, place) => {
    expect(() => read(`[pages]\n${line}`)).toThrow(place)
  })

  test('cannot be given in the environment, which is told', () => {
    const environment = { COUNTERFOIL_PAGES: 'plain' }
    expect(() => readConfiguration({ environment, directory })).toThrow('write [pages] in a file')
  })

  test('keep the name of their application to themselves', () => {
    expect(() => read('[[applications]]\nid = "account-pages"\nstrategy = "hybrid"')).toThrow('applications[0].id')
  })
})

/*
 * Keeps the promise that people can look at every page as the tests saw it: says where the pictures are and how many, and refuses a set that lacks a page in
 * one of its languages, on one of the screens, or in one of the colour schemes. Runs after the tests, which take them.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const PAGES = ['sign-in', 'sign-up', 'signed-out', 'my-account', 'my-devices']
const FAULTS = ['fault-foreign', 'fault-throttled', 'fault-unavailable', 'sign-in-refused']
const LANGUAGES = ['en', 'ko']
const LOOKS = ['phone-light', 'phone-dark', 'desktop-light', 'desktop-dark']

/** The pictures that are not among these files. */
export function findMissingPictures(files: readonly string[]): string[] {
  const wanted = [...PAGES, ...FAULTS].flatMap((page) =>
    LANGUAGES.flatMap((language) => LOOKS.map((look) => `${page}-${language}-${look}.png`)),
  )
  return wanted.filter((name) => !files.includes(name))
}

if (import.meta.main) {
  const folder = 'e2e/artefacts/browser'
  const path = join(import.meta.dirname, '..', folder)
  const files = existsSync(path) ? readdirSync(path) : []
  const missing = findMissingPictures(files)
  for (const name of missing) console.error(`there is no ${folder}/${name}`)
  console.log(`pictures: ${files.length} in ${folder}, ${missing.length} missing`)
  process.exitCode = missing.length === 0 ? 0 : 1
}

import type { Browser, Page, Response } from 'playwright-core'
import { PASSWORD } from './tab.ts'

export const LANGUAGES = ['en', 'ko'] as const
export type Language = (typeof LANGUAGES)[number]

/** Text in the letters of one of the two languages. */
export const HANGUL = /[가-힣]/

/** Who reads the pages of a server. */
export interface ReaderOptions {
  /** Default English. */
  readonly language?: Language
  /** Default `true`. */
  readonly withScript?: boolean
}

/** A page in a browser of its own, for the pages of this issuer: paths are relative to it. */
export async function openReader(
  { browser, issuer }: { readonly browser: Browser; readonly issuer: string },
  { language = 'en', withScript = true }: ReaderOptions = {},
): Promise<Page> {
  const context = await browser.newContext({ locale: language, javaScriptEnabled: withScript, baseURL: issuer })
  context.setDefaultTimeout(8000)
  return context.newPage()
}

let account = 0

/** An address that nobody has used. */
export const newEmail = (): string => `user-${++account}@example.com`
export const pathOf = (page: Page): string => new URL(page.url()).pathname
export const textOf = (page: Page): Promise<string> => page.locator('body').innerText()

/** Opens a page of the server. */
export async function go(page: Page, path: string): Promise<Response> {
  const response = await page.goto(path)
  if (response === null) throw new Error(`nothing was asked for: ${path}`)
  return response
}

/** Fills in the form that has these fields, by their names, and sends it. */
export async function send(page: Page, fields: Readonly<Record<string, string>>): Promise<void> {
  const names = Object.keys(fields)
  const form = names.reduce(
    (forms, name) => forms.filter({ has: page.locator(`[name="${name}"]`) }),
    page.locator('form'),
  )
  for (const [name, value] of Object.entries(fields)) await form.locator(`[name="${name}"]`).fill(value)
  await form.getByRole('button').last().click()
  await page.waitForLoadState()
}

/** Presses the first button that is called so. */
export async function press(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole('button', { name }).first().click()
  await page.waitForLoadState()
}

/** Makes an account on the page for it, after which somebody is signed in and sees it. */
export async function signUp(page: Page, email = newEmail()): Promise<string> {
  await go(page, '/sign-up')
  await send(page, { email, password: PASSWORD })
  await go(page, '/my/account')
  if (pathOf(page) !== '/my/account') throw new Error(`signed up, and at ${pathOf(page)}`)
  return email
}

export async function signIn(page: Page, email: string, password = PASSWORD): Promise<void> {
  await go(page, '/sign-in')
  await send(page, { email, password })
}

import type { FastifyReply } from 'fastify'
import { html, type Html } from './html.ts'
import { LANGUAGES, type Language } from './language.ts'
import { PATHS, type PagePath, type View } from './site.ts'

/** What a page says. */
export interface PageContent {
  readonly title: string
  readonly lead?: string | undefined
  /** Whether something is wrong, which the title of the window tells first. */
  readonly isProblem?: boolean
  /** What stands between the heading and the content: what is wrong, or what was done. */
  readonly notice?: Html | undefined
  /** Where the browser goes by itself, at once. */
  readonly onwards?: string | undefined
  readonly main: Html
}

const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { en: 'English', ko: '한국어' }

/** A link to a page. */
export function hrefOf(
  { site }: Pick<View, 'site'>,
  path: PagePath | string,
  query: Record<string, string> = {},
): string {
  const search = new URLSearchParams(query).toString()
  return search === '' ? site.base + path : `${site.base}${path}?${search}`
}

/** What a link to another page takes along: where to go after sign-in, and whether it asks for a password in any case. */
export function keptOf({ returnTo, again }: View): Record<string, string> {
  return { ...(returnTo !== undefined && { return_to: returnTo }), ...(again && { again: '' }) }
}

function menuOf(view: View): Html | undefined {
  if (!view.signedIn) return undefined
  const { words, path } = view
  const entry = (to: PagePath, text: string): Html =>
    html`<a href="${hrefOf(view, to)}" ${path === to && html`aria-current="page"`}>${text}</a>`
  return html`<nav class="menu" aria-label="${words.menu}">
    ${entry(PATHS.devices, words.devices)} ${entry(PATHS.account, words.account)}
    <form method="post" action="${hrefOf(view, PATHS.signOut)}"><button type="submit">${words.signOut}</button></form>
  </nav>`
}

function languageSwitch(view: View): Html {
  const { path, words } = view
  const entries = LANGUAGES.map((language) => {
    const name = LANGUAGE_NAMES[language]
    const href = hrefOf(view, path, { ...keptOf(view), lang: language })
    return language === view.language
      ? html`<li><span aria-current="true" lang="${language}">${name}</span></li>`
      : html`<li><a href="${href}" lang="${language}" hreflang="${language}">${name}</a></li>`
  })
  return html`<nav aria-label="${words.languages}">
    <ul>
      ${entries}
    </ul>
  </nav>`
}

function documentOf(view: View, { title, lead, isProblem = false, notice, onwards, main }: PageContent): Html {
  const { words, language, signedIn, site } = view
  const { theme, base } = site
  return html`<!doctype html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        ${onwards !== undefined && html`<meta http-equiv="refresh" content="0;url=${onwards}" />`}
        <title>${isProblem ? words.problemTitle(title) : title} · ${theme.name}</title>
        <link rel="stylesheet" href="${base + theme.style.path}" />
        <link rel="icon" href="${base + theme.logo.path}" />
      </head>
      <body class="${signedIn ? 'wide' : 'narrow'}">
        <a class="skip" href="#content">${words.skip}</a>
        <header class="top">
          <div class="bar">
            <a class="brand" href="${hrefOf(view, PATHS.home)}"
              ><img src="${base + theme.logo.path}" alt="" width="28" height="28" />${theme.name}</a
            >
            ${menuOf(view)}
          </div>
        </header>
        <main id="content" tabindex="-1">
          <div>
            <h1>${title}</h1>
            ${lead !== undefined && html`<p class="lead">${lead}</p>`}
          </div>
          ${notice} ${main}
        </main>
        <footer class="foot">${languageSwitch(view)}</footer>
      </body>
    </html> `
}

/**
 * Forms go to this origin, and so does every redirect after them: browsers hold those to `form-action` too. Nothing else is loaded, run or framed
 * (ASVS 3.4.3, 3.4.6; RFC 9700 §4.16).
 */
const POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/** Answers with a page. */
export function sendPage(reply: FastifyReply, view: View, content: PageContent): undefined {
  reply.header('content-security-policy', POLICY)
  reply.header('content-language', view.language)
  reply.header('vary', 'accept-language, cookie')
  reply.type('text/html; charset=utf-8').send(documentOf(view, content).text)
  return undefined
}

import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import type { Places } from './settings.ts'

const SOURCE = join(import.meta.dirname, '../src/page')
const PAGE = join(import.meta.dirname, 'page/main.js')

async function bundlePage(): Promise<string> {
  const built = await rolldown({ input: PAGE, platform: 'browser', logLevel: 'warn' })
  const { output } = await built.generate({ format: 'es', minify: true })
  await built.close()
  return output[0].code
}

/** Serves the page, its style and its script, which is bundled now; and tells it where the issuer and the API are. */
export async function createPageServer(places: Places): Promise<Server> {
  const html = readFileSync(join(SOURCE, 'index.html'), 'utf8')
  const files: Readonly<Record<string, readonly [type: string, body: string]>> = {
    '/': ['text/html', html],
    '/style.css': ['text/css', readFileSync(join(SOURCE, 'style.css'), 'utf8')],
    '/main.js': ['text/javascript', await bundlePage()],
    '/places.json': ['application/json', JSON.stringify(places)],
  }
  const headers = {
    'cache-control': 'no-store',
    'content-security-policy': policyOf(places),
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  }
  return createServer((request, response) => {
    const [path = '/'] = (request.url ?? '/').split('?', 1)
    const [type, body] = files[path] ?? ['text/plain', 'There is nothing here.']
    const status = path in files ? 200 : 404
    response.writeHead(status, { ...headers, 'content-type': `${type}; charset=utf-8` }).end(body)
  })
}

/** The page runs its own script alone, and talks to the issuer and the API alone. */
function policyOf({ issuer, api }: Places): string {
  const connect = `connect-src 'self' ${issuer} ${api} ${api.replace('http', 'ws')}`
  return `default-src 'none'; script-src 'self'; style-src 'self'; ${connect}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
}

import type { Configuration } from '../config/configuration.ts'
import { isLoopback, showListen } from '../config/network.ts'
import { placeOf, secretPath } from '../installation/installation.ts'

const JSON_HEADER = `-H 'content-type: application/json'`
const EMAIL = 'ada@example.com'
const PASSWORD = 'seven lanterns by the sea'

/** Commands that work as they stand, on the machine that serves. */
export function whatToTry(configuration: Configuration): readonly string[] {
  const base = localUrl(configuration)
  const [application] = configuration.applications.toSorted(
    (one, other) => Number(other.strategy === 'hybrid') - Number(one.strategy === 'hybrid'),
  )
  const account = `{"email":"${EMAIL}","password":"${PASSWORD}"}`
  const signIn = `{"client_id":"${application?.id ?? ''}","email":"${EMAIL}","password":"${PASSWORD}"}`
  const signUp =
    configuration.signUp === 'open'
      ? `curl ${quoteUrl(`${base}/accounts`)} ${JSON_HEADER} -d '${account}'`
      : `printf '${PASSWORD}' | npx counterfoil accounts add ${EMAIL} --password-stdin`
  return [signUp, `curl ${quoteUrl(`${base}/sessions`)} ${JSON_HEADER} -d '${signIn}'`]
}

/** The URL as a shell and curl take it: both read brackets in their own way. */
function quoteUrl(url: string): string {
  return url.includes('[') ? `-g '${url}'` : url
}

/** Where this machine itself reaches the server. */
function localUrl({ issuer, listen }: Configuration): string {
  const path = new URL(issuer).pathname.replace(/\/$/, '')
  if (isLoopback(new URL(issuer).hostname)) return issuer
  const host = listen.host === '0.0.0.0' || listen.host === '::' ? 'localhost' : listen.host
  return `http://${showListen({ host, port: listen.port })}${path}`
}

/** The first words to somebody who has just started the server in a terminal. */
export function welcome(configuration: Configuration, version: string): string {
  const { issuer, listen, applications, sources, pages } = configuration
  const secret = sources.get('secret') ?? `${secretPath(configuration)}  (keep a copy of it, apart from the data)`
  const names = applications.map(({ id, strategy }) => (id === strategy ? id : `${id} (${strategy})`))
  return `
Counterfoil ${version} is ready.

  Issuer         ${issuer}
  Listens on     ${showListen(listen)}
  Data           ${placeOf(configuration)}
  Secret         ${secret}
  Applications   ${names.join(', ')}
  Documentation  ${localUrl(configuration)}/docs
${
  pages === false
    ? ''
    : `  In a browser   ${issuer}/sign-in
`
}
Try it in another terminal: sign up, then sign in.

${whatToTry(configuration)
  .map((command) => `  ${command}\n`)
  .join('\n')}
Ctrl-C stops it. Requests follow.
`
}

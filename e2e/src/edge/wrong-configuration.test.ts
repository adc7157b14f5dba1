import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeFolder, runCommand } from '../harness.ts'
import { routeText, VERIFIER_KEY } from './gateway-process.ts'

const right = { issuer: '"http://localhost:7500"', listen: '"127.0.0.1:7"', verifier_key: `"${VERIFIER_KEY}"` }
const route = routeText('/', ['http://127.0.0.1:9'])

interface Wrong {
  readonly what: string
  readonly top?: Readonly<Record<string, string>>
  readonly tables?: string
  readonly names: RegExp
}

const wrongs: readonly Wrong[] = [
  { what: 'an unknown setting', top: { lissten: '"x"' }, names: /lissten is not a setting: did you mean listen\?/ },
  { what: 'no routes', tables: '', names: /routes is missing/ },
  { what: 'an address without a port', top: { listen: '"127.0.0.1"' }, names: /listen must be host:port/ },
  { what: 'an issuer that is no URL', top: { issuer: '"auth"' }, names: /issuer must be a URL/ },
  { what: 'a short key', top: { verifier_key: '"hunter2"' }, names: /verifier_key must be the key/ },
  {
    what: 'a public URL with a path',
    top: { public_url: '"https://a.example/x"' },
    names: /public_url must be an origin/,
  },
  {
    what: 'a proxy that is everybody',
    top: { trusted_proxies: '["0.0.0.0/0"]' },
    names: /trusted_proxies.*everybody/,
  },
  {
    what: 'a time-out that is none',
    tables: `[timeouts]\nidle_ms = 0\n${route}`,
    names: /timeouts\.idle_ms must be/,
  },
  {
    what: 'an unknown key of a route',
    tables: `${route}upstrems = []\n`,
    names: /routes\[0\]\.upstrems is not a setting: did you mean upstreams\?/,
  },
  {
    what: 'two routes for the same requests',
    tables: route + route.replace('"root"', '"twin"'),
    names: /"root" and "twin"/,
  },
  {
    what: 'an upstream that is none',
    tables: routeText('/', ['127.0.0.1:9']),
    names: /routes "root"\.upstreams must be like/,
  },
  {
    what: 'a route for an audience that is none of its own',
    tables: `${route}audience = "https://elsewhere.example"\n`,
    names: /routes\[0\]\.audience must be one of audience/,
  },
  {
    what: 'a token for nobody',
    tables: `${route}identity = "upstream_token"\n`,
    names: /routes "root"\.upstream_audience/,
  },
  {
    what: 'a certificate that is not there',
    tables: `[tls]\ncertificate = "none.pem"\nkey = "none.pem"\n${route}`,
    names: /tls\.certificate: .*none\.pem cannot be read/,
  },
  {
    what: 'a certificate that is none',
    tables: `[tls]\ncertificate = "g.toml"\nkey = "g.toml"\n${route}`,
    names: /tls: certificate and key cannot be used/,
  },
]

test.each(wrongs)(
  'a gateway with $what ends at once, with one line that names the setting',
  async ({ top, tables = route, names }) => {
    using own = makeFolder()
    const settings = Object.entries({ ...right, ...top }).map(([name, value]) => `${name} = ${value}`)
    writeFileSync(join(own.path, 'g.toml'), `${settings.join('\n')}\n${tables}`)
    const ended = await runCommand(['gateway', '--config', 'g.toml'], { folder: own.path })
    expect(ended.stderr).toMatch(names)
    expect(ended.stderr).toMatch(/^counterfoil: [^\n]+\n$/)
    expect(ended.stderr).not.toContain('hunter2')
    expect(ended).toMatchObject({ code: 1, stdout: '' })
  },
)

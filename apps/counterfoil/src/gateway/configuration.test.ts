import { readFileSync } from 'node:fs'
import { IsArray, IsObject } from 'typebox'
import { describe, expect, it } from 'vitest'
import { readGatewayConfiguration } from './configuration.ts'
import { GATEWAY_SETTINGS } from './settings.ts'

const DOCUMENT = readFileSync(new URL('../../../../docs/operations/gateway.md', import.meta.url), 'utf8')

const ROUTE = '[[routes]]\nname = "orders"\npath = "/orders"\nupstreams = ["http://127.0.0.1:7600"]\n'

function read(text: string, environment: Readonly<Record<string, string>> = {}) {
  return readGatewayConfiguration({ file: { name: 'gateway.toml', text }, environment, directory: '/srv' })
}

describe('the configuration of a gateway', () => {
  it('needs an issuer and a route, and has a default for all else', () => {
    expect(read(`issuer = "https://auth.example.com"\n${ROUTE}`)).toMatchObject({
      issuer: 'https://auth.example.com',
      issuerAddress: undefined,
      listen: { host: '127.0.0.1', port: 8080 },
      publicUrl: 'http://localhost:8080',
      audience: ['https://auth.example.com'],
      verifierKey: undefined,
      accessLog: '-',
      keyFiles: undefined,
      drainSeconds: 0,
      options: { routes: [{ name: 'orders', path: '/orders', upstreams: ['http://127.0.0.1:7600'] }] },
    })
  })

  it('takes variables before the file', () => {
    const given = {
      COUNTERFOIL_GATEWAY_LISTEN: '[::1]:9000',
      COUNTERFOIL_GATEWAY_AUDIENCE: 'a, b',
      COUNTERFOIL_LISTEN: 'x',
    }
    const configuration = read(`issuer = "https://auth.example.com"\nlisten = "127.0.0.1:1"\n${ROUTE}`, given)
    expect([configuration.listen, configuration.audience]).toEqual([{ host: '::1', port: 9000 }, ['a', 'b']])
  })

  it('has a key file as soon as a route wants tokens', () => {
    const tokens = 'identity = "upstream_token"\nupstream_audience = "x"\n'
    expect(read(`issuer = "https://a.example"\n${ROUTE}${tokens}`).keyFiles).toEqual(['/srv/gateway-key.pem'])
  })

  it.each([
    ['', 'gateway.toml: issuer is missing'],
    ['issuer = "https://a.example"', 'gateway.toml: routes is missing'],
    [`issuer = "auth"\n${ROUTE}`, 'gateway.toml: issuer must be a URL'],
    [`isuer = "https://a.example"\n${ROUTE}`, 'gateway.toml: isuer is not a setting'],
    [`issuer = "https://a.example"\nlisten = 8080\n${ROUTE}`, 'gateway.toml: listen must be'],
    [`issuer = "https://a.example"\nverifier_key = "short"\n${ROUTE}`, 'gateway.toml: verifier_key must be'],
    [`issuer = "https://a.example"\non_stale = "ignore"\n${ROUTE}`, 'gateway.toml: on_stale must be one of'],
    [`issuer = "https://a.example"\n[timeouts]\nidle = 1\n${ROUTE}`, 'gateway.toml: timeouts.idle is not a setting'],
    [`issuer = "https://a.example"\n[tls]\nkey = "k"\n${ROUTE}`, 'gateway.toml: tls.certificate is missing'],
    [
      `issuer = "https://a.example"\n[[routes]]\npath = "/x"\nupstreams = []`,
      'gateway.toml: routes[0].name is missing',
    ],
    [`issuer = "https://a.example"\n${ROUTE}acess = "public"`, 'gateway.toml: routes[0].acess is not a setting'],
    ['issuer = "', 'gateway.toml:1: this is not valid TOML'],
  ])('%j is refused in one line', (text, message) => {
    expect(() => read(text)).toThrow(message)
    expect(() => read(text)).not.toThrow('\n')
  })

  it('is refused for a variable that is none', () => {
    expect(() => read(ROUTE, { COUNTERFOIL_GATEWAY_LISTN: 'x' })).toThrow('COUNTERFOIL_GATEWAY_LISTN is not a setting')
  })

  it('is documented, key by key', () => {
    const [, , table = ''] = DOCUMENT.split('## Settings')[1]?.split(/\n\n(?=\| key)/) ?? []
    const [, settings = ''] = DOCUMENT.split('## Settings')[1]?.split(/\n\n(?=\| key)/) ?? []
    const keysOf = (rows: string): string[] => [...rows.matchAll(/^\| `([a-z_]+)`/gm)].map(([, key = '']) => key)
    expect(keysOf(settings)).toEqual(Object.keys(GATEWAY_SETTINGS))
    const { routes } = GATEWAY_SETTINGS
    const route = IsArray(routes) && IsObject(routes.items) ? Object.keys(routes.items.properties) : []
    expect(keysOf(table.split('\n## ')[0] ?? '')).toEqual(route)
  })

  it('of the documentation is one', () => {
    const example = /```toml\n([^`]+)```/.exec(DOCUMENT)?.[1] ?? ''
    expect(read(example).options.routes.map(({ name }) => name)).toEqual(['orders', 'refunds', 'shop'])
  })
})

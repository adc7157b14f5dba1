/** Who the gateway is in access tokens. */
const AUDIENCE = 'https://api.example.com'

/** The services behind it: the path, and what each is called in the tokens that are made for it. */
export const SERVICES = [
  { name: 'orders', audience: 'https://orders.internal' },
  { name: 'invoices', audience: 'https://invoices.internal' },
] as const

/** One of them. */
export type Service = (typeof SERVICES)[number]

/** Where everything is: ports of the loopback. */
export interface Ports {
  readonly issuer: number
  readonly gateway: number
  readonly orders: number
  readonly invoices: number
}

/** The issuer: clients reach it through the gateway, so that its cookies are cookies of the gateway. */
export function describeIssuer({ issuer, gateway }: Ports, verifierKey: string): string {
  return `issuer = "http://localhost:${gateway}"
listen = "127.0.0.1:${issuer}"
trusted_proxies = ["127.0.0.1"]
log_level = "warn"

# An app that holds its tokens, and a web page that holds a cookie.
[[applications]]
id = "app"
strategy = "hybrid"
audience = ["${AUDIENCE}"]

[[applications]]
id = "web"
strategy = "stateful"
transport = "cookie"
audience = ["${AUDIENCE}"]

[[verifiers]]
name = "gateway"
key = "${verifierKey}"
`
}

/** The gateway: a token inside for whatever is outside. */
export function describeGateway(ports: Ports, verifierKey: string): string {
  const routes = SERVICES.map(
    ({ name, audience }) => `
[[routes]]
name = "${name}"
path = "/${name}"
upstreams = ["http://127.0.0.1:${ports[name]}"]
identity = "upstream_token"
upstream_audience = "${audience}"
`,
  )
  return `issuer = "http://localhost:${ports.gateway}"
issuer_address = "http://localhost:${ports.issuer}"
listen = "127.0.0.1:${ports.gateway}"
public_url = "http://localhost:${ports.gateway}"
audience = ["${AUDIENCE}"]
verifier_key = "${verifierKey}"
access_log = "off"
log_level = "warn"
${routes.join('')}
# Signing in and out, refreshing, the keys: the issuer looks at credentials itself.
[[routes]]
name = "issuer"
path = "/"
access = "public"
upstreams = ["http://127.0.0.1:${ports.issuer}"]
`
}

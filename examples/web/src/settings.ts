/** The strategies that the page can be switched to; each has an application of its own, called `shop-` and its name. */
const STRATEGIES = ['hybrid', 'stateful', 'stateless'] as const

/** Where everything is. */
export interface Places {
  /** Who signs people in. */
  readonly issuer: string
  /** Where orders are kept: who it is in access tokens. */
  readonly api: string
  /** Where the page comes from: an origin of its own. */
  readonly web: string
}

/** The issuer's configuration: credentials are in cookies, which pages of the shop's origin may use, and no other origin. */
export function describeIssuer({ issuer, api, web }: Places, port: number, verifierKey: string): string {
  const applications = STRATEGIES.map(
    (strategy) => `
[[applications]]
id = "shop-${strategy}"
name = "Tea and paper (${strategy})"
strategy = "${strategy}"
transport = "cookie"
audience = ["${api}"]
origins = ["${web}"]
`,
  )
  return `issuer = "${issuer}"
listen = "127.0.0.1:${port}"
log_level = "warn"
${applications.join('')}
[[verifiers]]
name = "shop"
key = "${verifierKey}"
`
}

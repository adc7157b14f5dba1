import { createServer } from 'node:http'
import { Provider } from 'oidc-provider'

/** oidc-provider with its in-memory adapter and rotating refresh tokens; `POST /mint` makes one: `oidc-provider.ts PORT`. */
const port = Number(process.argv[2])
const url = `http://127.0.0.1:${port}`
const SCOPE = 'openid offline_access'
const provider = new Provider(url, {
  clients: [
    {
      client_id: 'bench',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: ['https://app.example.com/callback'],
    },
  ],
  scopes: ['openid', 'offline_access'],
  rotateRefreshToken: true,
  findAccount: (_context: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
  features: { devInteractions: { enabled: false } },
})

async function mint(): Promise<string> {
  const [accountId, clientId] = ['ada', 'bench']
  const grant = new provider.Grant({ accountId, clientId })
  grant.addOIDCScope(SCOPE)
  const grantId = await grant.save()
  const client = await provider.Client.find(clientId)
  const authTime = Math.floor(Date.now() / 1000)
  const token = new provider.RefreshToken({
    accountId,
    client,
    grantId,
    scope: SCOPE,
    gty: 'authorization_code',
    authTime,
    claims: {},
  })
  return token.save()
}

const handle = provider.callback()
createServer((request, response) => {
  if (request.url === '/mint') void mint().then((token) => response.end(token))
  else handle(request, response)
}).listen(port, '127.0.0.1', () => console.log(`listening on ${url}`))

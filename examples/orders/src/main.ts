import { createVerifier } from '@counterfoil/verifier'
import { createOrdersApi } from './api.ts'

/**
 * The orders API as a process. Settings from the environment:
 * `ISSUER` whose tokens it accepts, `AUDIENCE` who it is in them, `PORT` where it listens.
 */
const issuer = process.env['ISSUER'] ?? 'http://localhost:7500'
const audience = process.env['AUDIENCE'] ?? issuer
const port = Number(process.env['PORT'] ?? '7600')

const api = createOrdersApi(createVerifier({ issuer, audience }), true)
process.once('SIGTERM', () => void api.close())
process.once('SIGINT', () => void api.close())
try {
  await api.listen({ port, host: '127.0.0.1' })
} catch (error) {
  console.error(
    `orders: cannot listen on port ${process.env['PORT'] ?? '7600'}: ${error instanceof Error ? error.message : String(error)}`,
  )
  process.exitCode = 1
}

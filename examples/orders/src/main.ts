import { createVerifier } from '@counterfoil/verifier'
import { createOrdersApi } from './api.ts'
import { readSettings } from './settings.ts'

/** The orders API as a process; `settings.ts` says which variables it reads. */
async function main(): Promise<void> {
  const { verifier: options, port } = readSettings(process.env)
  const verifier = createVerifier(options)
  const api = createOrdersApi(verifier, true)
  const stop = (): void => {
    verifier.close()
    void api.close()
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  await api.listen({ port, host: '127.0.0.1' })
}

try {
  await main()
} catch (error) {
  console.error(`orders: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}

import { fileURLToPath } from 'node:url'
import { ServerProcess } from '@counterfoil/testbed'

const SHOP = fileURLToPath(new URL('../../../examples/web/dist/main.js', import.meta.url))

/** The example of a shop, as `npm run web` starts it. */
export interface ShopProcess {
  readonly web: string
  readonly issuer: string
  readonly api: string
  close(): Promise<void>
}

/** Starts it, and reads from what it prints where it is. */
export async function startShopProcess(): Promise<ShopProcess> {
  const started = new ServerProcess({ command: process.execPath, args: [SHOP], orphanSignal: 'SIGINT' })
  const printed = (name: string): string => new RegExp(`${name} +(http://\\S+)`).exec(started.output)?.[1] ?? ''
  await started.ready(() => printed('api') !== '')
  return { web: printed('shop'), issuer: printed('issuer'), api: printed('api'), close: () => started.stop('SIGINT') }
}

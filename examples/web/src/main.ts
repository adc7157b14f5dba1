import { once } from 'node:events'
import { startShop } from './shop.ts'

/** `npm run web`: the shop on free ports, until Ctrl-C. */
const shop = await startShop()
try {
  console.log(`\n  shop    ${shop.web}   open this in a browser, in two tabs`)
  console.log(
    `  issuer  ${shop.issuer}   documentation at ${shop.issuer}/docs\n  api     ${shop.api}\n\nCtrl-C stops it all.`,
  )
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
} finally {
  await shop.close()
}

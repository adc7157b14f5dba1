import { once } from 'node:events'
import { tour } from './demo.ts'
import { startEdge } from './edge.ts'

/** `npm run edge`: the tour through a gateway; with `--serve` it only runs, until Ctrl-C. */
const edge = await startEdge()
try {
  console.log(`gateway  ${edge.url}\nfolder   ${edge.folder} (counterfoil.toml, gateway.toml)\n`)
  if (process.argv.includes('--serve')) await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  else {
    let isAsPromised = true
    for await (const { step, found, expected } of tour(edge.url)) {
      console.log(`${step.padEnd(44)} ${found}${expected ? '' : '   NOT AS PROMISED'}`)
      isAsPromised &&= expected
    }
    process.exitCode = isAsPromised ? 0 : 1
  }
} finally {
  await edge.close()
}

import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Table from 'cli-table3'
import { findFreePort, startProcess, stopProcess } from './processes.ts'
import { tourStrategy, type Finding, type Places } from './strategy-tour.ts'

/**
 * Starts the server and the orders API, takes every strategy through its life, and prints what came of it. With `DEMO_ISSUER` and
 * `DEMO_ORDERS` in the environment it starts nothing, and goes to those.
 */
const STRATEGIES = ['stateless', 'stateful', 'hybrid'] as const
const COUNTERFOIL = join(import.meta.dirname, '../../../apps/counterfoil/bin/counterfoil.js')

function settings(issuer: string, listen: string, dataDir: string, orders: string, verifierKey: string): string {
  const applications = STRATEGIES.map(
    (strategy) =>
      `[[applications]]\nid = "${strategy}"\nname = "${strategy}"\nstrategy = "${strategy}"\naudience = ["${orders}"]\n`,
  )
  const top = { issuer, listen, data_dir: dataDir, log_level: 'warn' }
  const lines = Object.entries(top).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
  const verifier = `[[verifiers]]\nname = "orders"\nkey = "${verifierKey}"\n`
  return `${lines.join('\n')}\n\n${applications.join('\n')}\n${verifier}`
}

function print(findings: readonly (readonly Finding[])[]): void {
  const table = new Table({
    head: ['', ...STRATEGIES],
    style: { head: [], border: [] },
    wordWrap: true,
    colWidths: [26, 32, 32, 32],
  })
  const [steps = []] = findings
  steps.forEach(({ step }, row) => {
    table.push([step, ...findings.map((column) => cellOf(column[row]))])
  })
  console.log(table.toString())
}

function cellOf(finding: Finding | undefined): string {
  if (finding === undefined) return ''
  return finding.expected ? finding.found : `NOT AS PROMISED: ${finding.found}`
}

interface Started extends Places {
  stop(): Promise<void>
}

async function start(): Promise<Started> {
  const folder = await mkdtemp(join(tmpdir(), 'counterfoil-demo-'))
  const [serverPort, ordersPort] = [await findFreePort(), await findFreePort()]
  const issuer = `http://localhost:${serverPort}`
  const orders = `http://localhost:${ordersPort}`
  const verifierKey = randomBytes(32).toString('base64url')
  const file = join(folder, 'counterfoil.toml')
  await writeFile(file, settings(issuer, `127.0.0.1:${serverPort}`, join(folder, 'data'), orders, verifierKey))
  console.log(`Server at ${issuer}, orders API at ${orders}, data in ${folder} (removed at the end).\n`)
  const server = await startProcess(COUNTERFOIL, ['serve', '--config', file], {}, `${issuer}/healthz`)
  const ordersEnv = { ISSUER: issuer, AUDIENCE: orders, PORT: String(ordersPort), VERIFIER_KEY: verifierKey }
  const api = await startProcess(join(import.meta.dirname, 'main.js'), [], ordersEnv, `${orders}/whoami`)
  const stop = async (): Promise<void> => {
    await Promise.all([stopProcess(server), stopProcess(api)])
    await rm(folder, { recursive: true })
  }
  return { issuer, orders, stop }
}

const { DEMO_ISSUER: issuer, DEMO_ORDERS: orders } = process.env
const running = issuer !== undefined && orders !== undefined
const places: Started = running ? { issuer, orders, stop: () => Promise.resolve() } : await start()
try {
  const findings: Finding[][] = []
  for (const strategy of STRATEGIES) {
    process.stderr.write(`${strategy} …\n`)
    findings.push(await tourStrategy(strategy, places))
  }
  print(findings)
  console.log(
    '\nThe orders API decides alone, and follows the log of revocations: it hears of a sign-out within milliseconds, and within 5 s whatever breaks. The server itself obeys at once.',
  )
  process.exitCode = findings.flat().every(({ expected }) => expected) ? 0 : 1
} finally {
  await places.stop()
}

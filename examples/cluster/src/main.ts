import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startCluster, type Cluster } from './cluster.ts'
import { Ledger } from './ledger.ts'
import { judge, progress, summarise } from './report.ts'
import { describeMissing } from './requirements.ts'
import { STRATEGIES } from './settings.ts'
import { killNodes, restartNodes } from './trials.ts'
import { User } from './user.ts'

const DEMO = join(import.meta.dirname, '../../orders/dist/demo.js')
const NODES = 3
const PROGRESS_EVERY_SECONDS = 5

const USAGE = `npm run cluster -- [options]

  --users <number>         how many users work (default 20)
  --kill-seconds <number>  for so long one node is killed each second (default 60)
  --rolling                instead of killing, restart the nodes gracefully, one after the other
  --serve                  change nothing, and keep it running until Ctrl-C
  --no-demo                leave out the demo of the orders API
`

interface Options {
  readonly users: number
  readonly seconds: number
  readonly isRolling: boolean
  readonly serves: boolean
  readonly shows: boolean
}

/** What the command line asks for. @throws {TypeError} */
function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      users: { type: 'string', default: '20' },
      'kill-seconds': { type: 'string', default: '60' },
      rolling: { type: 'boolean', default: false },
      serve: { type: 'boolean', default: false },
      demo: { type: 'boolean', default: true },
    },
  })
  const [users, seconds] = [Number(values.users), Number(values['kill-seconds'])]
  if (!(users >= 1 && seconds >= 1)) throw new TypeError('--users and --kill-seconds take numbers from 1 on')
  return { users, seconds, isRolling: values.rolling, serves: values.serve, shows: values.demo }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Takes every strategy through its life, as the orders example does, at the cluster. */
async function runDemo({ issuer, orders }: Cluster): Promise<boolean> {
  say('\nThe demo of the orders API, through nginx:\n')
  const env = { ...process.env, DEMO_ISSUER: issuer, DEMO_ORDERS: orders }
  const [code] = (await once(spawn(process.execPath, [DEMO], { env, stdio: 'inherit' }), 'exit')) as [number | null]
  return code === 0
}

/** Lets users work while nodes come and go; whether all promises were kept. */
async function runTrial(cluster: Cluster, { users: count, seconds, isRolling }: Options): Promise<boolean> {
  const ledger = new Ledger()
  const users = Array.from({ length: count }, (_, at) => {
    return new User(`user-${at + 1}`, STRATEGIES[at % STRATEGIES.length] ?? 'hybrid', cluster, ledger)
  })
  say(
    `\n${count} users sign up, and work for ${seconds} s, while ${isRolling ? 'nodes are restarted one after the other' : 'one node is killed each second'}:\n`,
  )
  await Promise.all(users.map((user) => user.signUp()))
  const startsBefore = startsOf(cluster).length
  const [stopTrial, stopUsers] = [new AbortController(), new AbortController()]
  const working = Promise.all(users.map((user) => user.work(stopUsers.signal)))
  const trial = (isRolling ? restartNodes : killNodes)(cluster, ledger, stopTrial.signal)
  const tell = (second: number): void => say(progress(second, cluster, ledger, startsOf(cluster).length - startsBefore))
  await Promise.race([keepTelling(seconds, tell), trial])
  stopTrial.abort()
  await trial
  stopUsers.abort()
  await working
  const verdicts = judge(ledger, isRolling)
  say(`\n${summarise(ledger, startsOf(cluster).slice(startsBefore), verdicts)}`)
  return verdicts.every(({ broken }) => broken.length === 0)
}

const startsOf = ({ nodes }: Cluster): number[] => nodes.flatMap(({ startsMs }) => startsMs)

async function keepTelling(seconds: number, tell: (second: number) => void): Promise<void> {
  for (let second = 1; second <= seconds; second++) {
    await sleep(1000)
    if (second % PROGRESS_EVERY_SECONDS === 0 || second === seconds) tell(second)
  }
}

async function run(options: Options): Promise<boolean> {
  const cluster = await startCluster(NODES, say)
  const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]).then(() => false)
  try {
    say(`\n  Counterfoil (nginx)  ${cluster.issuer}      documentation at ${cluster.issuer}/docs`)
    say(`  Orders API           ${cluster.orders}`)
    say(`  Nodes                ${cluster.nodes.map(({ port }) => `http://localhost:${port}`).join(', ')}`)
    say(`  Configuration        ${cluster.configuration}`)
    if (options.serves) {
      say('\nCtrl-C stops it all.')
      await interrupted
      return true
    }
    return await Promise.race([runAll(cluster, options), interrupted])
  } finally {
    await cluster.close()
  }
}

async function runAll(cluster: Cluster, options: Options): Promise<boolean> {
  const shown = !options.shows || (await runDemo(cluster))
  return (await runTrial(cluster, options)) && shown
}

try {
  const missing = describeMissing()
  if (missing !== undefined) throw new TypeError(missing)
  process.exitCode = (await run(readOptions(process.argv.slice(2)))) ? 0 : 1
} catch (error) {
  process.stderr.write(error instanceof TypeError ? `${error.message}\n\n${USAGE}` : `${String(error)}\n`)
  process.exitCode = 1
}

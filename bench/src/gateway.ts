import { writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { drawTable, writeMarkdown } from './finding.ts'
import { checkAll } from './gateway/checks.ts'
import { measureAll, type Pace } from './gateway/load.ts'
import { keepToLoadProcessor } from './gateway/pinned.ts'
import { profileGateway } from './gateway/profile.ts'
import {
  describeTargets,
  drawProfile,
  drawWays,
  reportFindings,
  writeProfile,
  writeWays,
  type Measured,
} from './gateway/report.ts'
import { openStage } from './gateway/stage.ts'

/** What a request through gateways costs: `--quick` for a first look, `--profile` to see where the time of ours goes, `--write` into GATEWAY.md. */
const flag = { type: 'boolean', default: false } as const
const { values } = parseArgs({ options: { quick: flag, write: flag, profile: flag } })

const QUICK: Pace = { forMs: 1000, rounds: 1 }
/** Many short rounds: what disturbs them comes and goes, and is to hit all alike. */
const WHOLE: Pace = { forMs: 1500, rounds: 15 }
const PROFILE_MS = 5000
const pace = values.quick ? QUICK : WHOLE

function describeMachine(): string {
  const [cpu] = cpus()
  const gib = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}, ${gib} GiB, ${process.platform} ${process.arch}, Node ${process.versions.node}`
}

const machine = `${describeMachine()}. Load average when it began: ${(loadavg()[0] ?? Number.NaN).toFixed(2)}; what else runs on the machine makes every figure here larger.`
console.log(machine)
const stage = await openStage()
let measured: Measured
let profile: Awaited<ReturnType<typeof profileGateway>> | undefined
try {
  keepToLoadProcessor()
  await checkAll(stage.subjects)
  measured = await measureAll(stage.subjects, pace)
  if (values.profile) profile = await profileGateway(stage.surroundings, stage.token, PROFILE_MS)
} finally {
  await stage.close()
}
const result = reportFindings(measured, stage.token.length)
console.log([drawTable(result), '', drawWays(measured), describeTargets(result)].join('\n'))
if (profile !== undefined) console.log(drawProfile(profile))
if (values.write) {
  const head = [
    '# The gateway, measured',
    '',
    `Written by \`npm run bench:gateway\` on ${new Date().toISOString().slice(0, 10)}. ${machine}`,
    '',
    describeTargets(result),
    '',
  ]
  const parts = [writeMarkdown(result), writeWays(measured), ...(profile === undefined ? [] : [writeProfile(profile)])]
  writeFileSync(join(import.meta.dirname, '../GATEWAY.md'), `${head.join('\n')}\n${parts.join('\n')}`)
}

import { writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { drawTable, isMet, writeMarkdown, type SuiteResult } from './finding.ts'
import { measureCalm, type CalmFigures } from './revocation/calm.ts'
import { measureDeliveries } from './revocation/deliveries.ts'
import { measureFaults, type FaultFigures } from './revocation/fault-run.ts'
import { drawFaults, holds, reportCalm, reportDeliveries, writeFaults } from './revocation/report.ts'
import { QUICK, WHOLE } from './revocation/scale.ts'

function describeMachine(): string {
  const [cpu] = cpus()
  const gib = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}, ${gib} GiB, ${process.platform} ${process.arch}, Node ${process.versions.node}`
}

/** What the guarantee says, in a line: whether it held in this run. */
function describeGuarantee(calm: CalmFigures, faults: readonly FaultFigures[]): string {
  const broken = faults.filter((fault) => !holds(fault)).map(({ name }) => name)
  if (calm.overshoot > 0 || calm.acceptedAfterwards > 0) broken.unshift('without faults')
  if (broken.length > 0) return `THE BOUND WAS BROKEN: ${broken.join('; ')}.`
  return `The bound held in every case: no acceptance after it, and none after a \`wait=everywhere\` returned (${faults.length} faults).`
}

function describeTargets(suites: readonly SuiteResult[]): string {
  const aimed = suites.flatMap(({ findings }) => findings).filter((finding) => isMet(finding) !== undefined)
  const missed = aimed.filter((finding) => isMet(finding) === false).map(({ what }) => what)
  const met = `${aimed.length - missed.length} of ${aimed.length} targets met`
  return missed.length === 0 ? `${met}.` : `${met}; missed: ${missed.join('; ')}.`
}

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
const busy = `Load average when it began: ${(loadavg()[0] ?? NaN).toFixed(2)}; what else runs on the machine makes every figure here larger.`
const scale = values.quick ? QUICK : WHOLE
console.log(`${describeMachine()}\n${busy}`)
const calm = await measureCalm(scale)
// How the figures grow with the number of verifiers: all of them share this machine.
const fewer = values.quick ? undefined : await measureCalm({ ...scale, verifiersEach: scale.verifiersEach / 10 })
const faults = await measureFaults(scale)
const suites = [reportCalm(calm, fewer), reportDeliveries(await measureDeliveries(scale))]
const verdicts = [describeGuarantee(calm, faults), describeTargets(suites)]
console.log([...suites.map(drawTable), drawFaults(faults), '', ...verdicts].join('\n'))
if (!values.quick) {
  const head = [
    '# Revocation, measured',
    '',
    `Written by \`npm run bench:revocation\` on ${new Date().toISOString().slice(0, 10)}. ${describeMachine()}. ${busy}`,
    '',
    `A server in the embedded profile, and ${scale.processes * scale.verifiersEach} verifiers in ${scale.processes} processes, which are probed in rounds a few milliseconds apart. All share the machine and its monotonic clock.`,
    '',
    ...verdicts.flatMap((verdict) => [verdict, '']),
  ]
  const parts = [...suites.map(writeMarkdown), writeFaults(faults)]
  writeFileSync(join(import.meta.dirname, '../REVOCATION.md'), `${head.join('\n')}\n${parts.join('\n')}`)
}
if (calm.overshoot > 0 || calm.acceptedAfterwards > 0 || !faults.every(holds)) process.exitCode = 1

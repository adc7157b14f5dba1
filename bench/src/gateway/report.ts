import Table from 'cli-table3'
import { isMet, type Finding, type SuiteResult } from '../finding.ts'
import { CONNECTIONS, type Figures } from './load.ts'
import type { Profile, Share } from './profile.ts'
import { NAMES } from './stage.ts'

/** What was measured of each way, by its name. */
export type Measured = ReadonlyMap<string, Figures>

/** How far nginx alone may be, as the design has it for later versions. */
const HORIZON = 1.5

/** Ours beside each peer. */
export function reportFindings(measured: Measured, tokenBytes: number): SuiteResult {
  const compare = (own: string, peer: string, target?: number): Finding[] => {
    const [mine, theirs] = [measured.get(own), measured.get(peer)]
    if (mine === undefined || theirs === undefined) throw new Error(`"${own}" or "${peer}" was not measured`)
    const figures = { ours: mine.cpuMicros, peer, theirs: theirs.cpuMicros }
    return [{ what: own, unit: 'µs', ...figures, target, lowerIsBetter: true }]
  }
  return {
    title: 'Gateways, CPU per request',
    findings: [
      ...compare(NAMES.headers, NAMES.fastify, 2),
      ...compare(NAMES.headers, NAMES.nginxAsking, 1.5),
      ...compare(NAMES.headers, NAMES.fastifyVerified),
      ...compare(NAMES.headers, NAMES.httpProxy),
      ...compare(NAMES.headers, NAMES.nginxCaching),
      ...compare(NAMES.headers, NAMES.nginx),
      ...compare(NAMES.headers, NAMES.public),
      ...compare(NAMES.token, NAMES.headers),
      ...compare(NAMES.public, NAMES.fastify),
      ...compare(NAMES.public, NAMES.nginx),
    ],
    remarks: remarksOf(measured, tokenBytes),
  }
}

function remarksOf(measured: Measured, tokenBytes: number): string[] {
  const cpuOf = (name: string): number => measured.get(name)?.cpuMicros ?? Number.NaN
  const far = cpuOf(NAMES.headers) / cpuOf(NAMES.nginx)
  return [
    `User and system time of all processes of the gateway per request; ${CONNECTIONS} connections that are kept, a GET of a small JSON document, an access token of ${tokenBytes} bytes whose signature has been checked before. Where it says so, the time of \`counterfoil serve\` is in it.`,
    'What is measured is pinned to one processor; the service and the load generator share the other, and are not counted. Before, each gateway is asked once: for the right body, for 401 without a credential, and for what it tells the service. Every answer under load must have the right body. The middle of the quieter half of many short interleaved rounds.',
    `nginx alone, which verifies nothing, is ${far.toFixed(1)}× away (horizon: ${HORIZON}×).`,
    `A session token in a cookie costs ${Math.round(cpuOf(NAMES.cookie))} µs, the server's part in it.`,
    'http-proxy-3 has an agent that keeps its connections, which it does not have by itself; with our verifier, @fastify/http-proxy follows the revocation log, and sets identity headers as ours does.',
  ]
}

const HEAD = ['through', 'CPU', 'in the kernel', 'interrupts', 'requests/s', 'processor busy', 'with others'] as const

function rowsOf(measured: Measured): string[][] {
  return [...measured].map(([name, { cpuMicros, kernelMicros, interruptMicros, perSecond, busy, others }]) => {
    const requests = Math.round(perSecond).toLocaleString('en-US')
    if (cpuMicros === 0) return [name, '', '', '', requests, '', '']
    const kernel = Number.isNaN(kernelMicros) ? '' : percent(kernelMicros / cpuMicros)
    return [
      name,
      `${cpuMicros.toFixed(1)} µs`,
      kernel,
      `${interruptMicros.toFixed(1)} µs`,
      requests,
      percent(busy),
      percent(others),
    ]
  })
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`
}

/** Every way through a gateway, for a terminal. */
export function drawWays(measured: Measured): string {
  return draw(HEAD, rowsOf(measured))
}

/** Where the time of our gateway goes, for a terminal. */
export function drawProfile({ owners, functions }: Profile): string {
  const rows = (shares: readonly Share[]): string[][] => shares.map(({ what, share }) => [what, percent(share)])
  return [draw(['whose code', 'self time'], rows(owners)), draw(['function', 'self time'], rows(functions))].join('\n')
}

function draw(head: readonly string[], rows: readonly string[][]): string {
  const table = new Table({ head: [...head], style: { head: [], border: [] } })
  table.push(...rows)
  return table.toString()
}

/** The same for a document. */
export function writeWays(measured: Measured): string {
  const notes = [
    'CPU is user and system time; in the kernel: how much of it. Interrupts, those of the network above all, the kernel charges to nobody: they come on top.',
    'A processor that is not busy waits for the load generator: then requests/s say nothing of the gateway.',
    'Busy with others: what else runs on this machine. The more of it, the less the figures say.',
  ]
  return ['## Every way', '', ...markdown(HEAD, rowsOf(measured)), '', ...notes.map((note) => `- ${note}`), ''].join(
    '\n',
  )
}

/** The same for a document. */
export function writeProfile({ owners, functions }: Profile): string {
  const rows = (shares: readonly Share[]): string[][] => shares.map(({ what, share }) => [what, percent(share)])
  return [
    '## Where our time goes',
    '',
    'Self time with authenticated requests and identity headers, by the profiler of Node; system calls that write are in native code called from JavaScript, all others in `(program)`.',
    '',
    ...markdown(['whose code', 'self time'], rows(owners)),
    '',
    ...markdown(['function', 'self time'], rows(functions)),
    '',
  ].join('\n')
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
}

/** Whether the targets were met, in a line. */
export function describeTargets({ findings }: SuiteResult): string {
  const aimed = findings.filter((finding) => isMet(finding) !== undefined)
  const missed = aimed.filter((finding) => isMet(finding) === false).map(({ peer }) => peer)
  const met = `${aimed.length - missed.length} of ${aimed.length} targets met`
  return missed.length === 0 ? `${met}.` : `${met}; missed: ${missed.join('; ')}.`
}

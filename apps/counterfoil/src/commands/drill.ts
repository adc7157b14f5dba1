import { toOneLine } from '../config/quoting.ts'
import { drawHistogram } from '../drill/histogram.ts'
import { runDrill, type DrillPlan, type DrillResult } from '../drill/drill.ts'
import { Unmeasurable } from '../drill/unmeasurable.ts'
import { judgeDrill } from '../drill/verdict.ts'
import { EXIT } from '../failure.ts'
import { askPassword, readPassword } from '../terminal/password.ts'

interface DrillOptions {
  readonly issuer: string
  readonly clientId: string
  readonly probe?: readonly string[]
  readonly rounds: number
  readonly leaseSeconds?: number
  readonly email?: string
  readonly passwordStdin?: boolean
}

/** Measures on a live installation how long a revoked session is accepted, and compares that with the bound. */
export async function drill(options: DrillOptions): Promise<void> {
  const stopping = new AbortController()
  process.once('SIGINT', () => stopping.abort())
  try {
    report(await runDrill(await planOf(options, stopping.signal)))
  } catch (error) {
    // 1 is the code of a broken bound: whatever else goes wrong has another.
    tell(`counterfoil: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = EXIT.usage
  }
}

async function planOf(options: DrillOptions, signal: AbortSignal): Promise<DrillPlan> {
  const { issuer, clientId, probe = [], rounds, leaseSeconds, email, passwordStdin } = options
  if (email === undefined && passwordStdin === true)
    throw new Unmeasurable('--password-stdin is for the account that --email names')
  const password = email === undefined ? undefined : await getPassword(passwordStdin)
  const account = email === undefined || password === undefined ? undefined : { email, password }
  return { issuer, clientId, probes: probe, rounds, leaseSeconds, account, tell, signal }
}

function getPassword(fromInput: boolean | undefined): Promise<string> {
  return fromInput === true ? readPassword(process.stdin) : askPassword()
}

function report({ findings, bounds }: DrillResult): void {
  const vantages = [...new Set(findings.map(({ vantage }) => vantage))]
  const draw = (title: string, vantage?: string): string =>
    drawHistogram(
      toOneLine(title),
      findings.flatMap((finding) =>
        (vantage ?? finding.vantage) === finding.vantage ? (finding.rejectedAfterMs ?? []) : [],
      ),
    )
  const { kept, line } = judgeDrill(findings, bounds)
  const parts = ['From the return of the revocation to the first rejection', ...vantages.map((url) => draw(url, url))]
  if (vantages.length > 1) parts.push(draw('in all'))
  process.stdout.write(`${parts.join('\n\n')}\n\n${toOneLine(line)}\n`)
  if (!kept) process.exitCode = EXIT.failed
}

function tell(line: string): void {
  process.stderr.write(`${toOneLine(line)}\n`)
}

import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Miniflare, type MiniflareOptions, type Response } from 'miniflare'
import type { Internet } from './internet.ts'
import type { Report } from './src/report.ts'

const LIMIT_MS = 120_000
const COMPATIBILITY_DATE = '2026-07-01'
/** What of Node the fixtures of the tests need. */
export const NODE_FLAGS = ['nodejs_compat']

/** How a worker is started. */
export interface WorkerOptions {
  readonly flags?: readonly string[]
  /** What answers its `fetch`. Default: nothing, there is no network. */
  readonly internet?: Internet
}

/** Starts workerd with one bundled module. */
export function startWorker(file: string, { flags = [], internet }: WorkerOptions = {}): Miniflare {
  const options: MiniflareOptions = {
    modules: true,
    modulesRoot: dirname(file),
    scriptPath: file,
    compatibilityDate: COMPATIBILITY_DATE,
    compatibilityFlags: [...flags],
    ...(internet !== undefined && { outboundService: internet.answer }),
  }
  return new Miniflare(options)
}

async function readReport(response: Response): Promise<Report> {
  const text = await response.text()
  if (response.status !== 200) throw new Error(text)
  return JSON.parse(text) as Report
}

async function failAfter(ms: number): Promise<never> {
  await wait(ms, undefined, { ref: false })
  throw new Error(`the worker has not answered within ${ms} ms`)
}

/** Runs a worker that answers any request with its report. */
export async function runWorker(file: string, options?: WorkerOptions): Promise<Report> {
  const worker = startWorker(file, options)
  try {
    const answer = worker.dispatchFetch('http://localhost/').then(readReport)
    return await Promise.race([answer, failAfter(LIMIT_MS)])
  } finally {
    await worker.dispose()
  }
}

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { findBun, findDeno } from './binaries.ts'
import type { Report } from './src/report.ts'

/** A runtime that is started as a program, and what it takes to run a file in it without fetching anything. */
export interface ProgramRuntime {
  readonly name: string
  readonly find: () => string
  /** For the tests, which listen on the loopback. */
  readonly testArgs: readonly string[]
  /** For the plain program, which needs no permission at all. */
  readonly plainArgs: readonly string[]
}

const DENO_ARGS = ['run', '--no-prompt', '--no-config', '--no-lock', '--no-remote']

export const PROGRAM_RUNTIMES: readonly ProgramRuntime[] = [
  {
    name: 'Deno',
    find: findDeno,
    testArgs: [...DENO_ARGS, '--allow-net=127.0.0.1', '--allow-env'],
    plainArgs: DENO_ARGS,
  },
  { name: 'Bun', find: findBun, testArgs: ['run', '--no-install'], plainArgs: ['run', '--no-install'] },
]

const LIMIT_MS = 120_000
const QUIET = { DENO_NO_UPDATE_CHECK: '1', DO_NOT_TRACK: '1', NO_COLOR: '1' }

/** Runs a program that prints its report as the last line. @throws {Error} with what it printed when it does not. */
export async function runProgram(binary: string, args: readonly string[], file: string): Promise<Report> {
  const env = { ...process.env, ...QUIET }
  const { stdout } = await promisify(execFile)(binary, [...args, file], { env, timeout: LIMIT_MS, maxBuffer: 1 << 26 })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Report
}

import { existsSync } from 'node:fs'
import { join } from 'node:path'

const MODULES = join(import.meta.dirname, 'node_modules')
const { platform, arch, env } = process
const ENDING = platform === 'win32' ? '.exe' : ''

function find(name: string, variable: string, places: readonly string[]): string {
  const installed = places.map((place) => join(MODULES, place)).find((place) => existsSync(place))
  const found = env[variable] ?? installed
  if (found !== undefined) return found
  const hint = `run npm ci --prefix runtimes, or let ${variable} name the program`
  throw new Error(`there is no ${name} for ${platform} on ${arch} here: ${hint}`)
}

/** The program of Deno: what the variable DENO names, or that of the package for this platform. */
export function findDeno(): string {
  const libc = platform === 'linux' ? '-glibc' : ''
  return find('Deno', 'DENO', [`@deno/${platform}-${arch}${libc}/deno${ENDING}`])
}

/** The program of Bun: what the variable BUN names, or that of the package for this platform, which its install script moves. */
export function findBun(): string {
  const system = platform === 'win32' ? 'windows' : platform
  const processor = arch === 'arm64' ? 'aarch64' : arch
  return find('Bun', 'BUN', [`@oven/bun-${system}-${processor}/bin/bun${ENDING}`, 'bun/bin/bun.exe'])
}

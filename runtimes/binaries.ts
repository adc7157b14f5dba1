import { existsSync } from 'node:fs'
import { join } from 'node:path'

const MODULES = join(import.meta.dirname, 'node_modules')
const { platform, arch } = process
const ENDING = platform === 'win32' ? '.exe' : ''

function find(name: string, places: readonly string[]): string {
  const found = places.map((place) => join(MODULES, place)).find((place) => existsSync(place))
  if (found === undefined)
    throw new Error(`there is no ${name} for ${platform} on ${arch}: run npm ci --prefix runtimes`)
  return found
}

/** The program of Deno, from the package for this platform, or where its install script puts it. */
export function findDeno(): string {
  const libc = platform === 'linux' ? '-glibc' : ''
  return find('Deno', [`@deno/${platform}-${arch}${libc}/deno${ENDING}`, `deno/deno${ENDING}`])
}

/** The program of Bun, from the package for this platform, or where its install script moves it. */
export function findBun(): string {
  const system = platform === 'win32' ? 'windows' : platform
  const processor = arch === 'arm64' ? 'aarch64' : arch
  return find('Bun', [`@oven/bun-${system}-${processor}/bin/bun${ENDING}`, 'bun/bin/bun.exe'])
}

import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { hasRedis } from '@counterfoil/testbed'

/** Where system packages put servers, besides the folders of PATH. */
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin']

/** The path of nginx on this machine, or undefined where there is none. */
export function findNginx(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...MORE_FOLDERS]
  return folders.map((folder) => join(folder, 'nginx')).find((path) => existsSync(path))
}

/** What has to be installed before the example can run, in one sentence; undefined when nothing is missing. */
export function describeMissing(): string | undefined {
  const missing = [
    ...(findNginx() === undefined ? ['nginx (Debian: nginx-light)'] : []),
    ...(hasRedis() ? [] : ['redis-server 7 or later (Debian: redis-server)']),
  ]
  return missing.length === 0 ? undefined : `This example needs ${missing.join(' and ')}: install it and start again.`
}

import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A certificate for this machine, signed by itself, and where it is. */
export interface Certificate {
  readonly certificate: string
  readonly key: string
}

/** Makes a new certificate and key at these names in a folder, in the place of what was there. */
export function makeCertificate(folder: string): Certificate {
  const files = { certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost'.split(' ')
  const args = [...words, '-addext', 'subjectAltName=DNS:localhost', '-keyout', files.key, '-out', files.certificate]
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`openssl: ${stderr}`)
  return { certificate: readFileSync(files.certificate, 'utf8'), key: readFileSync(files.key, 'utf8') }
}

/** Puts another key beside the certificate in a folder; the one that was there. */
export function replaceKey(folder: string, key: string): string {
  const file = join(folder, 'key.pem')
  const before = readFileSync(file, 'utf8')
  writeFileSync(file, key)
  return before
}

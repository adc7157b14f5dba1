import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import packed from '@sparticuz/chromium'
import { chromium, type Browser } from 'playwright-core'
import { layFonts } from './fonts.ts'

/** How the browser is started. */
export interface ChromiumOptions {
  /** Whether it can draw Korean. Default `false`: nobody looks. */
  readonly korean?: boolean
  /** What else stands on its command line. Default: nothing. */
  readonly args?: readonly string[]
}

/** A browser of another place, for machines that the one from the package does not run on. */
const OTHER = process.env['COUNTERFOIL_CHROMIUM']

/** Why there is no Chromium here, in one sentence; undefined when there is one. */
export function lacksChromium(): string | undefined {
  if (OTHER !== undefined) return existsSync(OTHER) ? undefined : `COUNTERFOIL_CHROMIUM: there is no ${OTHER}.`
  if (process.platform === 'linux' && process.arch === 'x64') return undefined
  return `The Chromium of the package is for Linux on x64; name another one in COUNTERFOIL_CHROMIUM.`
}

/** Starts a real Chromium, without a window. It and what was laid out for it are gone when it is closed. */
export async function openChromium({ korean = false, args = [] }: ChromiumOptions = {}): Promise<Browser> {
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-browser-'))
  const executablePath = OTHER ?? (await unpackChromium())
  const env = { ...process.env, ...(korean && { FONTCONFIG_FILE: layFonts(folder, join(executablePath, '../fonts')) }) }
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', ...args], env })
  browser.on('disconnected', () => rmSync(folder, { recursive: true, force: true }))
  return browser
}

/** Several processes may unpack at the same time: each does so in a folder of its own, and the first one to be ready leaves it to all. */
async function unpackChromium(): Promise<string> {
  const kept = join(tmpdir(), `counterfoil-chromium-${packedVersion()}-${process.getuid?.() ?? 0}`)
  if (!existsSync(kept)) {
    const before = process.env['TMPDIR']
    const fresh = mkdtempSync(`${kept}-`)
    // The package unpacks to wherever temporary files go.
    process.env['TMPDIR'] = fresh
    try {
      await packed.executablePath()
    } finally {
      if (before === undefined) delete process.env['TMPDIR']
      else process.env['TMPDIR'] = before
    }
    leave(fresh, kept)
  }
  return join(kept, 'chromium')
}

function leave(fresh: string, kept: string): void {
  try {
    renameSync(fresh, kept)
  } catch {
    rmSync(fresh, { recursive: true })
  }
}

function packedVersion(): string {
  const file = createRequire(import.meta.url).resolve('@sparticuz/chromium')
  const manifest = JSON.parse(readFileSync(join(file, '../../package.json'), 'utf8')) as { readonly version: string }
  return manifest.version
}

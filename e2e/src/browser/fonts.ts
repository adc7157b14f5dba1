import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { unpackWoff } from './woff.ts'

const require = createRequire(import.meta.url)
const FILES = join(dirname(require.resolve('@fontsource/noto-sans-kr/package.json')), 'files')

/** The parts into which the font is cut, in the two weights that pages use. */
const PARTS = /^noto-sans-kr-\d+-(400|700)-normal\.woff$/

/** Puts a Korean font into a folder, beside those of the machine and `others`; the file that tells fontconfig of all. */
export function layFonts(folder: string, others: string): string {
  const fonts = join(folder, 'fonts')
  mkdirSync(fonts)
  for (const name of readdirSync(FILES).filter((each) => PARTS.test(each)))
    writeFileSync(join(fonts, name.replace('.woff', '.otf')), unpackWoff(readFileSync(join(FILES, name))))
  const file = join(folder, 'fonts.conf')
  writeFileSync(file, describeFonts(['/usr/share/fonts', fonts, others], join(folder, 'fontconfig')))
  return file
}

/** Without being told, fontconfig takes any font for the generic families, also one with serifs. */
function describeFonts(folders: readonly string[], cache: string): string {
  const families = ['sans-serif', 'system-ui'].map(
    (name) =>
      `<alias><family>${name}</family><prefer><family>DejaVu Sans</family><family>Open Sans</family></prefer></alias>`,
  )
  return `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
<include ignore_missing="yes">/etc/fonts/fonts.conf</include>
${folders.map((each) => `<dir>${each}</dir>`).join('')}<cachedir>${cache}</cachedir>
${families.join('\n')}
</fontconfig>
`
}

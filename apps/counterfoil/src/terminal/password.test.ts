import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { readPassword } from './password.ts'

const from = (...parts: (string | Uint8Array)[]): Readable => Readable.from(parts.map((part) => Buffer.from(part)))

test('the password is the line on standard input, without its end', async () => {
  expect(await readPassword(from('seven ', 'lanterns\r\n'))).toBe('seven lanterns')
  expect(await readPassword(from(' spaces stay '))).toBe(' spaces stay ')
})

test('a character that comes in two parts is whole', async () => {
  expect(await readPassword(from(Uint8Array.of(0xc3), Uint8Array.of(0xbc)))).toBe('ü')
})

test.each([
  ['nothing', '', 'standard input is empty: it must hold the password'],
  ['an empty line', '\n', 'standard input is empty: it must hold the password'],
  ['several lines', 'a\nb\n', 'standard input has several lines: it must hold the password alone'],
  ['something that is no text', Uint8Array.of(0xff), 'standard input is not UTF-8 text'],
  ['too much', 'x'.repeat(70_000), 'standard input is too long to be a password'],
])('%s is refused', async (_name, input, message) => {
  await expect(readPassword(from(input))).rejects.toThrow(message)
})

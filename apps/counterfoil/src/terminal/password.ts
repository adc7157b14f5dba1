import type { Readable } from 'node:stream'
import { CommandFailure } from '../failure.ts'
import { typeKeys, type TypedLine } from './typed-line.ts'

const LONGEST_BYTES = 65_536

/** The first line of standard input. @throws {CommandFailure} when there is none. */
export async function readPassword(input: Readable): Promise<string> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of input as AsyncIterable<Uint8Array>) {
    parts.push(part)
    length += part.length
    if (length > LONGEST_BYTES) throw new CommandFailure('standard input is too long to be a password')
  }
  const text = decode(Buffer.concat(parts)).replace(/\r?\n$/, '')
  if (text === '') throw new CommandFailure('standard input is empty: it must hold the password')
  if (/[\r\n]/.test(text)) throw new CommandFailure('standard input has several lines: it must hold the password alone')
  return text
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new CommandFailure('standard input is not UTF-8 text')
  }
}

/** Asks for a new password twice, without showing it. @throws {CommandFailure} */
export async function askPassword(): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new CommandFailure(
      'there is no terminal to ask for the password: give it on standard input, with --password-stdin',
    )
  }
  // Before the first question, so that nothing typed in answer to it can show.
  process.stdin.setRawMode(true).setEncoding('utf8')
  try {
    const password = await ask('Password: ')
    if ((await ask('Once more: ')) === password) return password
    throw new CommandFailure('the two passwords differ: start again')
  } finally {
    process.stdin.setRawMode(false).pause()
  }
}

async function ask(question: string): Promise<string> {
  process.stderr.write(question)
  try {
    return await typedLine()
  } finally {
    process.stderr.write('\n')
  }
}

function typedLine(): Promise<string> {
  return new Promise((resolve, reject) => {
    let line: TypedLine = { text: '' }
    const settle = (): void => {
      process.stdin.off('data', take).off('end', abandon)
    }
    const abandon = (): void => {
      settle()
      reject(new CommandFailure('no password was given'))
    }
    const take = (keys: string): void => {
      line = typeKeys(line, keys)
      if (line.ended === 'abandoned') abandon()
      if (line.ended !== 'entered') return
      settle()
      resolve(line.text)
    }
    process.stdin.on('data', take).once('end', abandon).resume()
  })
}

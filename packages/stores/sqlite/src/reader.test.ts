import { DatabaseSync } from 'node:sqlite'
import { expect, it, onTestFinished } from 'vitest'
import { StoreUnavailable } from '@counterfoil/core'
import { createReader } from './reader.ts'
import { newPath } from './scratch.fixture.ts'

function openPair() {
  const path = newPath()
  const writing = new DatabaseSync(path)
  writing.exec('PRAGMA journal_mode = WAL; CREATE TABLE counter (value INTEGER) STRICT; INSERT INTO counter VALUES (1)')
  const reading = new DatabaseSync(path)
  onTestFinished(() => {
    writing.close()
    if (reading.isOpen) reading.close()
  })
  const reader = createReader(reading)
  const statement = reading.prepare('SELECT value FROM counter')
  return {
    reader,
    reading,
    read: () => reader.answer(() => statement.get()?.['value']),
    write: (value: number) => writing.exec(`UPDATE counter SET value = ${value}`),
  }
}

it('answers all questions of one turn from one moment, and those of the next from a later one', async () => {
  const { read, write } = openPair()
  expect(await read()).toBe(1)
  write(2)
  expect(await read()).toBe(1)
  await new Promise(setImmediate)
  expect(await read()).toBe(2)
})

it('answers from a later moment as soon as it is told to move on', async () => {
  const { reader, read, write } = openPair()
  await read()
  write(2)
  reader.moveOn()
  expect(await read()).toBe(2)
})

it('holds no transaction once the turn has ended', async () => {
  const { reading, read } = openPair()
  await read()
  expect(reading.isTransaction).toBe(true)
  await new Promise(setImmediate)
  expect(reading.isTransaction).toBe(false)
})

it('rejects a question that throws, and answers the next one', async () => {
  const { reader, read } = openPair()
  const asking = reader.answer(() => {
    throw new Error('disk I/O error')
  })
  await expect(asking).rejects.toThrow(StoreUnavailable)
  expect(await read()).toBe(1)
})

it('outlives a file that was closed within the turn', async () => {
  const { reader, reading, read } = openPair()
  await read()
  reading.close()
  await new Promise(setImmediate)
  reader.moveOn()
  await expect(read()).rejects.toThrow(StoreUnavailable)
})

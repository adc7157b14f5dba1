import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { connectWriter } from './connection.ts'
import type { ConnectionSettings } from './connection.ts'
import { requireFile } from './file.ts'
import { MIGRATIONS } from './schema.ts'
import { prepareQuery } from './statements.ts'
import { prepareTransaction } from './transaction.ts'
import type { Settlement } from './transaction.ts'
import { prepareVerbs } from './verbs.ts'
import type { Call } from './verbs.ts'

/** What a writer is started with. */
export interface WriterData extends ConnectionSettings {
  /** Which file it is; see `identifyFile`. */
  readonly file: string
  readonly maxFileBytes: number | undefined
}

/** What a writer is told. */
export type ToWriter = { readonly kind: 'write'; readonly calls: readonly Call[] } | { readonly kind: 'close' }

/** What a writer answers: first that it is ready, then what became of the calls, in the order in which they came. */
export type FromWriter = { readonly kind: 'ready' } | Settlement

/** The most calls in one transaction, so that the first of them does not wait for thousands of others. */
const LARGEST_TRANSACTION = 512

/** The thread that writes. All calls that came in while it committed go into its next transaction. */
function serve(port: NonNullable<typeof parentPort>, data: WriterData): void {
  requireFile(data.path, data.file)
  const db = connectWriter(data, data.maxFileBytes)
  const version = prepareQuery<[number]>(db, 'PRAGMA user_version')
  const requireSame = () => {
    requireFile(data.path, data.file)
    if (version.first()?.[0] !== MIGRATIONS.length)
      throw new Error('a newer program has changed the schema of the file')
  }
  const transact = prepareTransaction(db, prepareVerbs(db), data.lockTimeoutMs, requireSame)
  const waiting: Call[] = []
  let closing = false
  const take = (message: ToWriter): void => {
    if (message.kind === 'close') closing = true
    else for (const call of message.calls) waiting.push(call)
  }
  port.on('message', (first: ToWriter) => {
    take(first)
    do {
      for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port))
        take(next.message)
      if (waiting.length > 0) port.postMessage(transact(waiting.splice(0, LARGEST_TRANSACTION)))
    } while (waiting.length > 0)
    if (!closing) return
    db.close()
    port.close()
  })
  port.postMessage({ kind: 'ready' })
}

if (parentPort !== null) serve(parentPort, workerData)

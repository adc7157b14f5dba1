import type { SessionId } from '@counterfoil/protocol'
import type { SessionStore } from '@counterfoil/core'
import { readMembers, strikeOff } from './members.ts'
import { readRecord, writeAccount, writeNumber } from './record.ts'
import { END, END_BELOW, RAISE_FLOOR } from './scripts.ts'
import type { StoreParts } from './store-parts.ts'

/** The verbs that end sessions. */
export function createEnds({ commands, keys }: StoreParts): Pick<SessionStore, 'end' | 'endAll'> {
  const both = (id: SessionId) => [keys.session(id), keys.attributes(id)] as const
  return {
    async end(id) {
      const ended = readRecord(id, await commands.run(END, both(id)))
      if (ended !== undefined) await strikeOff({ commands, keys }, ended.accountId, [id])
      return ended
    },
    async endAll(accountId, { below, keep }) {
      const [account, limit] = [writeAccount(accountId), writeNumber(below)]
      const members = readMembers(await commands.run(RAISE_FLOOR, [keys.account(accountId)], limit))
      const ids = members.flatMap(({ id }) => (id === keep ? [] : [id]))
      const outcomes = await Promise.all(ids.map((id) => commands.run(END_BELOW, both(id), account, limit)))
      const ended = ids.filter((_, at) => outcomes[at] === 1)
      await strikeOff({ commands, keys }, accountId, ended)
      return ended
    },
  }
}

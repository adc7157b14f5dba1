import { describe, expect, it } from 'vitest'
import { brokenFamiliar, caseNamed, pause, tryCase, type Mutant } from '../stores/mutant.fixture.ts'
import { familiarAddressCases } from './familiar-addresses.conformance.ts'
import { FAMILIAR_GROUPS_PER_ACCOUNT, type FamiliarAddresses } from './familiar-addresses.ts'
import { MemoryFamiliarAddresses } from './memory-familiar-addresses.ts'

/** One place of one account, as a careless store keeps it. */
interface Row {
  readonly account: string
  readonly group: string
  readonly until: number
}

/** Keeps all in one list, in the order in which it was remembered; `choose` picks what goes from the rows of an account that has too many. */
function listing(choose: (rows: readonly Row[]) => Row | undefined, more: Partial<Listing> = {}): FamiliarAddresses {
  const { rowsOf, merge, between } = { ...SOUND, ...more }
  let rows: readonly Row[] = []
  return {
    knows: async (account, group, now) =>
      rows.some((row) => row.account === account && row.group === group && now < row.until),
    async remember(account, group, until) {
      const merged = merge(rows, { account, group, until })
      if (between !== undefined) await between()
      const own = rowsOf(merged, account)
      const gone = own.length > FAMILIAR_GROUPS_PER_ACCOUNT ? choose(own) : undefined
      rows = merged.filter((row) => row !== gone)
    },
  }
}

interface Listing {
  readonly rowsOf: (rows: readonly Row[], account: string) => readonly Row[]
  readonly merge: (rows: readonly Row[], added: Row) => readonly Row[]
  readonly between: (() => Promise<void>) | undefined
}

const SOUND: Listing = {
  rowsOf: (rows, account) => rows.filter((row) => row.account === account),
  merge: (rows, added) => [
    ...rows.filter(({ account, group }) => account !== added.account || group !== added.group),
    added,
  ],
  between: undefined,
}

const oldest = (rows: readonly Row[]): Row | undefined => rows[0]

const BOUND = 'of one account the last that were remembered stay, and the one before them goes'

const mutants: readonly Mutant[] = [
  brokenFamiliar(
    'a group that is familiar at its last instant',
    'a group that was remembered is familiar until its time, and not at that instant',
    (familiar) => ({ knows: (account, group, now) => familiar.knows(account, group, now - 1) }),
  ),
  brokenFamiliar(
    'a group that is familiar for ever',
    'a group that was remembered is familiar until its time, and not at that instant',
    (familiar) => ({ knows: (account, group) => familiar.knows(account, group, 0) }),
  ),
  brokenFamiliar(
    'a time that is never prolonged',
    'a group that is remembered again is familiar for longer',
    (familiar) => ({
      async remember(account, group, until) {
        if (!(await familiar.knows(account, group, 0))) await familiar.remember(account, group, until)
      },
    }),
  ),
  brokenFamiliar('times that add up', 'a group that is remembered again is familiar for longer', (familiar) => {
    let past = 0
    return {
      async remember(account, group, until) {
        await familiar.remember(account, group, past + until)
        past += until
      },
    }
  }),
  brokenFamiliar(
    'a group that stays forgotten',
    'a group that was forgotten is familiar again when it is remembered again',
    (familiar) => {
      const forgotten = new Set<string>()
      return {
        async knows(account, group, now) {
          const known = await familiar.knows(account, group, now)
          if (!known) forgotten.add(group)
          return known && !forgotten.has(group)
        },
      }
    },
  ),
  brokenFamiliar(
    'groups that are familiar to everybody',
    'a group is familiar to the account that it was remembered for, and to no other',
    (familiar) => ({
      knows: (_, group, now) => familiar.knows('', group, now),
      remember: (_, group, until) => familiar.remember('', group, until),
    }),
  ),
  brokenFamiliar(
    'accounts that are familiar from everywhere',
    'a group is familiar to the account that it was remembered for, and to no other',
    (familiar) => ({
      knows: (account, _, now) => familiar.knows(account, '', now),
      remember: (account, _, until) => familiar.remember(account, '', until),
    }),
  ),
  ...[' ', ':'].map((between) =>
    brokenFamiliar(
      `a key with "${between}" in it that others can forge`,
      'a group is familiar to the account that it was remembered for, and to no other',
      (familiar) => ({
        knows: (account, group, now) => familiar.knows('', account + between + group, now),
        remember: (account, group, until) => familiar.remember('', account + between + group, until),
      }),
    ),
  ),
  { fault: 'no bound', breaks: BOUND, mutate: () => ({ familiar: listing(() => undefined) }) },
  {
    fault: 'the newest that goes',
    breaks: BOUND,
    mutate: () => ({ familiar: listing((rows) => rows.at(-1)) }),
  },
  {
    fault: 'all that go when there are too many',
    breaks: BOUND,
    mutate: () => {
      let inner = new MemoryFamiliarAddresses()
      let count = 0
      const familiar: FamiliarAddresses = {
        knows: (account, group, now) => inner.knows(account, group, now),
        async remember(account, group, until) {
          if (++count > FAMILIAR_GROUPS_PER_ACCOUNT) inner = new MemoryFamiliarAddresses()
          await inner.remember(account, group, until)
        },
      }
      return { familiar }
    },
  },
  {
    fault: 'an order in which they first came',
    breaks: 'a group that is remembered again goes after those that were remembered before that',
    mutate: () => {
      const stay: Listing['merge'] = (rows, added) =>
        rows.some(({ group }) => group === added.group) ? rows : [...rows, added]
      return { familiar: listing(oldest, { merge: stay }) }
    },
  },
  brokenFamiliar('a group that is kept by asking', 'asking about a group does not keep it', (familiar) => ({
    async knows(account, group, now) {
      const known = await familiar.knows(account, group, now)
      if (known) await familiar.remember(account, group, Number.MAX_SAFE_INTEGER)
      return known
    },
  })),
  {
    fault: 'the one that goes is the one whose time is over first',
    breaks: 'a group that was remembered last stays, also when the clock has been set back',
    mutate: () => ({
      familiar: listing((rows) => rows.toSorted((one, other) => one.until - other.until)[0]),
    }),
  },
  {
    fault: 'one bound for all accounts',
    breaks: 'one account cannot displace the groups of another',
    mutate: () => ({ familiar: listing(oldest, { rowsOf: (rows) => rows }) }),
  },
  {
    fault: 'a list that is read and then written',
    breaks: 'of groups that are remembered at once as many stay as there is room for',
    mutate: () => ({ familiar: listing(oldest, { between: pause }) }),
  },
  {
    fault: 'a group that takes a place each time',
    breaks: 'one group that is remembered many times at once takes one place',
    mutate: () => ({ familiar: listing(oldest, { merge: (rows, added) => [...rows, added] }) }),
  },
  {
    fault: 'familiar groups that are gone after a restart',
    breaks: 'familiar groups are the same after a restart, and go in the same order',
    mutate: () => ({}),
    restart: (stores) => ({ ...stores, familiar: new MemoryFamiliarAddresses() }),
  },
]

describe('the suite of familiar addresses', () => {
  it.for(mutants)('$fault fails: $breaks', async (mutant) => {
    expect(await tryCase(caseNamed(mutant.breaks, familiarAddressCases), mutant)).toBeDefined()
  })

  it.for(familiarAddressCases)('passes a plain list without bad habits: $title', async (one) => {
    expect(await tryCase(one, { mutate: () => ({ familiar: listing(oldest) }) })).toBeUndefined()
  })
})

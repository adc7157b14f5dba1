import { attempt } from './complaint.ts'
import { fill, find } from './dom.ts'
import { Live } from './live.ts'
import type { Shop } from './session.ts'

interface Order {
  readonly item: string
  readonly at: string
}

/** What whoever is signed in sees: orders, news of them, and devices. */
export function showCustomer(shop: Shop): { enter(sessionId: string): void; leave(): void } {
  const { auth } = shop
  const live = new Live(
    shop,
    (text) => (find('socket', HTMLElement).textContent = text),
    () => void attempt(() => showOrders(shop)),
  )
  takeOrders(shop)
  find('sign-out', HTMLButtonElement).addEventListener('click', () => void attempt(() => auth.signOut()))
  find('sign-out-everywhere', HTMLButtonElement).addEventListener(
    'click',
    () => void attempt(() => auth.signOut({ everywhere: true })),
  )
  let entered: string | undefined
  const enter = (sessionId: string): void => {
    if (entered === sessionId) return
    entered = sessionId
    void attempt(() => Promise.all([showOrders(shop), showDevices(shop), live.connect()]))
  }
  const leave = (): void => {
    entered = undefined
    fill(find('orders', HTMLUListElement), [], '')
    fill(find('devices', HTMLUListElement), [], '')
  }
  return { enter, leave }
}

function takeOrders(shop: Shop): void {
  const item = find('item', HTMLInputElement)
  find('order', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault()
    const body = JSON.stringify({ item: item.value })
    void attempt(async () => {
      await shop.ask('/orders', { method: 'POST', body, headers: { 'content-type': 'application/json' } })
      item.value = ''
      await showOrders(shop)
    })
  })
}

async function showOrders(shop: Shop): Promise<void> {
  const response = await shop.ask('/orders')
  if (!response.ok) throw new Error(`The orders could not be fetched (${response.status}).`)
  const { orders } = (await response.json()) as { readonly orders: readonly Order[] }
  const lines = orders.map(({ item, at }) => ({ text: item, faint: new Date(at).toLocaleTimeString() }))
  fill(find('orders', HTMLUListElement), lines, 'Nothing yet.')
}

async function showDevices(shop: Shop): Promise<void> {
  const sessions = await shop.auth.sessions.list()
  const end = async (id: string): Promise<void> => {
    await shop.auth.sessions.end(id)
    await showDevices(shop)
  }
  const lines = sessions.map(({ id, device_label: label, user_agent: agent, started_at: startedAt, current }) => ({
    text: `${label ?? nameOf(agent)}${current ? ' (here)' : ''}`,
    faint: new Date(startedAt).toLocaleString(),
    ...(!current && { action: { name: 'End', act: () => void attempt(() => end(id)) } }),
  }))
  fill(find('devices', HTMLUListElement), lines, 'Here.')
}

/** What a browser calls itself is long; people know it by less. */
function nameOf(agent: string | undefined): string {
  const [browser = 'a browser'] = /(Firefox|Edg|Chrome|Safari)/.exec(agent ?? '') ?? []
  const [system] = /(Windows|Android|iPhone|iPad|Mac OS X|Linux)/.exec(agent ?? '') ?? []
  return system === undefined ? browser : `${browser} on ${system}`
}

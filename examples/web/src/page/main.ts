import { showCustomer } from './customer.ts'
import { find } from './dom.ts'
import { showMachine } from './machine.ts'
import { openShop, type Shop } from './session.ts'
import { showVisitor } from './visitor.ts'

/** Chooses the application, which has the strategy in its name. Each has a session of its own. */
function offerStrategies({ strategy }: Shop): void {
  for (const input of find('strategies', HTMLFieldSetElement).querySelectorAll('input')) {
    input.checked = input.value === strategy
    input.addEventListener('change', () => location.assign(`/?strategy=${input.value}`))
  }
}

/** Shows the part of the page that is for whoever is there. What is not known yet is not "signed out". */
function follow(shop: Shop): void {
  const visitor = showVisitor(shop)
  const customer = showCustomer(shop)
  shop.auth.subscribe((state) => {
    showMachine(state)
    const isKnown = state.status === 'signed-in' || state.status === 'refreshing'
    find('waiting', HTMLElement).hidden = state.status !== 'unknown'
    find('visitor', HTMLElement).hidden = state.status !== 'signed-out'
    find('customer', HTMLElement).hidden = !isKnown
    find('greeting', HTMLElement).textContent = isKnown ? `Hello, ${state.account.name ?? state.account.email}` : ''
    if (state.status === 'signed-in') customer.enter(state.session.id)
    if (state.status === 'signed-out') {
      customer.leave()
      visitor.welcome()
    }
  })
}

const shop = await openShop()
offerStrategies(shop)
follow(shop)

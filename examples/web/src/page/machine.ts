import { find } from './dom.ts'
import type { Shop } from './session.ts'

type State = Shop['auth']['state']

/** Shows the state that the client is in, and those that it was in. */
export function showMachine(state: State): void {
  for (const node of find('machine', HTMLOListElement).querySelectorAll('li')) {
    if (node.dataset['status'] === state.status) node.setAttribute('aria-current', 'step')
    else node.removeAttribute('aria-current')
  }
  const line = document.createElement('li')
  const time = Object.assign(document.createElement('time'), { textContent: new Date().toLocaleTimeString() })
  line.append(time, ` ${describe(state)}`)
  find('log', HTMLOListElement).prepend(line)
}

/** The state and what explains it. */
function describe(state: State): string {
  if (state.status === 'signed-out') return `signed-out: ${state.reason}`
  if (state.status === 'unknown' && state.because !== undefined) return `unknown: ${state.because}`
  return state.status
}

import type { State } from '@counterfoil/client'
import { useAuth } from '@counterfoil/client/react'
import { toStore } from '@counterfoil/client/store'
import { useAuth as useAuthInVue } from '@counterfoil/client/vue'
import { createElement, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { createApp, h } from 'vue'
import { auth } from './entry.ts'

// A page whose parts are made by React, Vue and nothing, each with its binding, around the client of the other page.
const textOf = (state: State): string => ('account' in state ? `${state.status}: ${state.account.email}` : state.status)

function place(id: string): HTMLElement {
  const element = document.createElement('p')
  element.id = id
  document.body.append(element)
  return element
}

function Status(): ReactNode {
  return createElement('span', null, textOf(useAuth(auth)))
}

const root = createRoot(place('react'))
root.render(createElement(Status))

const app = createApp({
  setup: () => {
    const state = useAuthInVue(auth)
    return () => h('span', textOf(state.value))
  },
})
app.mount(place('vue'))

const store = place('store')
const stop = toStore(auth).subscribe((state) => (store.textContent = textOf(state)))

Object.assign(globalThis, {
  /** What each part shows. */
  shown: () => ['react', 'vue', 'store'].map((id) => document.querySelector(`#${id}`)?.textContent),
  leave: () => {
    root.unmount()
    app.unmount()
    stop()
  },
})

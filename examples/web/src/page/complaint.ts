import { find } from './dom.ts'

/** Does something, and says so on the page when it cannot be done. */
export async function attempt(act: () => Promise<unknown>): Promise<void> {
  const place = find('complaint', HTMLElement)
  place.hidden = true
  try {
    await act()
  } catch (error) {
    place.textContent = error instanceof Error ? error.message : String(error)
    place.hidden = false
  }
}

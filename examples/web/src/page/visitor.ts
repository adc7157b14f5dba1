import { attempt } from './complaint.ts'
import { find } from './dom.ts'
import type { Shop } from './session.ts'

/** The form for whoever is not signed in. */
export function showVisitor({ auth }: Shop): { welcome(): void } {
  const form = find('entry', HTMLFormElement)
  const email = find('email', HTMLInputElement)
  const password = find('password', HTMLInputElement)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const isNew = event.submitter?.getAttribute('value') === 'sign-up'
    const given = { email: email.value, password: password.value }
    void attempt(async () => {
      if (isNew) await auth.signUp(given)
      await auth.signIn(given)
    })
  })
  return { welcome: () => (password.value = '') }
}

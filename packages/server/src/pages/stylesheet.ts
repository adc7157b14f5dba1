/** The stylesheet of all pages. What a theme changes are the variables at its top. */
export function stylesheet({ light, dark }: { readonly light: string; readonly dark: string }): string {
  return `:root {
  color-scheme: light dark;
  --accent: ${light}; --on-accent: #fff; --page: #f5f6f7; --surface: #fff; --ink: #1a1c1f; --soft: #565c64;
  --line: #dfe2e6; --edge: #80868f; --danger: #b3261e; --danger-soft: #fdf1f0; --good: #14653a; --good-soft: #eef7f1;
  --corner: .625rem;
}
@media (prefers-color-scheme: dark) {
  :root {
    --accent: ${dark}; --on-accent: #101214; --page: #141619; --surface: #1e2125; --ink: #eceef0; --soft: #a9b0b9;
    --line: #343a41; --edge: #7d858f; --danger: #ff9c92; --danger-soft: #3a2120; --good: #86d6a5; --good-soft: #18301f;
  }
}
${LAYOUT}${FORMS}${LISTS}`
}

const LAYOUT = `*, *::before, *::after { box-sizing: border-box }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100% }
body {
  margin: 0; min-height: 100vh; min-height: 100dvh; display: flex; flex-direction: column; background: var(--page); color: var(--ink);
  font: 1rem/1.55 -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans", "Noto Sans KR", sans-serif;
  word-break: keep-all; overflow-wrap: anywhere;
}
h1, h2, h3, p, ul, dl, dd { margin: 0 }
h1 { font-size: 1.75rem; line-height: 1.25; letter-spacing: -.015em; font-weight: 700 }
h2 { font-size: 1.125rem; line-height: 1.35; font-weight: 650 }
h3 { font-size: 1rem; line-height: 1.4; font-weight: 650 }
a { color: var(--accent); text-underline-offset: .2em; text-decoration-thickness: .06em }
a:hover { text-decoration-thickness: .12em }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; border-radius: .25rem }
main:focus { outline: none }
.skip { position: absolute; left: 1rem; top: -5rem; padding: .5rem 1rem; background: var(--surface); z-index: 1 }
.skip:focus { top: 1rem }
.top { border-bottom: 1px solid var(--line); background: var(--surface) }
.bar { max-width: 46rem; margin: 0 auto; padding: .75rem 1.25rem; display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: center }
.brand { display: inline-flex; align-items: center; gap: .625rem; font-weight: 700; color: inherit; text-decoration: none; padding: .375rem 0; max-width: 100% }
.brand img { width: 1.75rem; height: 1.75rem; object-fit: contain; flex: none }
.menu { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .375rem; margin-left: auto }
.menu a, .menu button {
  display: inline-flex; align-items: center; min-height: 2.75rem; padding: .25rem .75rem; border: 0; border-radius: var(--corner);
  background: none; color: var(--soft); font: inherit; text-decoration: none; cursor: pointer
}
.menu a:hover, .menu button:hover { background: var(--page); color: var(--ink) }
.menu a[aria-current] { color: var(--accent); font-weight: 650 }
main { flex: 1; width: 100%; max-width: 46rem; margin: 0 auto; padding: 2.5rem 1.25rem 3rem; display: grid; gap: 1.5rem; align-content: start }
.lead { color: var(--soft); margin-top: .5rem; max-width: 38rem }
.narrow main { max-width: 27rem; align-content: center; padding-top: 1.5rem }
.narrow .top { background: none; border: 0 }
.narrow .bar { justify-content: center; padding-top: 2.5rem; font-size: 1.125rem }
.card { background: var(--surface); border: 1px solid var(--line); border-radius: calc(var(--corner) * 1.6); padding: 1.5rem; display: grid; gap: 1.25rem }
.narrow .card { padding: 2rem; box-shadow: 0 1px 2px rgb(0 0 0 / .04), 0 8px 28px rgb(0 0 0 / .06) }
.card > header p { color: var(--soft); margin-top: .25rem }
.card.grave { border-color: color-mix(in srgb, var(--danger) 45%, var(--line)) }
.aside { text-align: center; color: var(--soft) }
.foot { padding: 1.25rem; display: flex; justify-content: center }
.foot ul { list-style: none; padding: 0; display: flex; gap: .25rem }
.foot a, .foot span { display: inline-flex; align-items: center; min-height: 2.75rem; padding: 0 .75rem; font-size: .9375rem; color: var(--soft) }
.foot [aria-current] { color: var(--ink); font-weight: 650 }
@media (max-width: 30rem) {
  .menu { margin: 0 -.75rem }
  .top:has(.menu) .bar { padding-bottom: .25rem }
  .narrow .card { padding: 1.5rem }
  main { padding-top: 1.75rem }
}
`

const FORMS = `form { display: grid; gap: 1.25rem }
.field { display: grid; gap: .375rem }
.field label { font-weight: 600 }
.field label span { font-weight: 400; color: var(--soft) }
.hint { color: var(--soft); font-size: .9375rem }
input:not([type=checkbox]) {
  width: 100%; min-height: 2.875rem; padding: .5rem .75rem; font: inherit; color: inherit; background: var(--surface);
  border: 1px solid var(--edge); border-radius: var(--corner)
}
input:not([type=checkbox]):focus-visible { outline-offset: 1px; border-color: var(--accent); border-radius: var(--corner) }
input.unseen:not([type=checkbox]) {
  position: absolute; width: 1px; min-height: 0; height: 1px; padding: 0; border: 0; clip-path: inset(50%); overflow: hidden
}
input[aria-invalid=true] { border-color: var(--danger); box-shadow: inset 0 0 0 1px var(--danger) }
.fault { color: var(--danger); font-weight: 600; font-size: .9375rem }
.tick { display: flex; gap: .75rem; align-items: flex-start; min-height: 1.5rem }
.tick input { width: 1.25rem; height: 1.25rem; margin: .15rem 0 0; flex: none; accent-color: var(--accent) }
.main, .plain, .harsh {
  min-height: 2.875rem; padding: .5rem 1.25rem; font: inherit; font-weight: 650; border-radius: var(--corner); border: 1px solid transparent;
  cursor: pointer; display: inline-flex; align-items: center; justify-content: center; text-decoration: none
}
.main { background: var(--accent); color: var(--on-accent) }
.main:hover { background: color-mix(in srgb, var(--accent) 88%, var(--ink)) }
.plain { background: var(--surface); color: var(--ink); border-color: var(--edge) }
.plain:hover { background: var(--page) }
.harsh { background: var(--surface); color: var(--danger); border-color: currentColor }
.harsh:hover { background: var(--danger-soft) }
.main:focus-visible, .plain:focus-visible, .harsh:focus-visible { border-radius: var(--corner) }
.card form > button { justify-self: start }
.narrow .card form > button, .narrow .card > .main { justify-self: stretch }
.notice { border-radius: var(--corner); padding: .875rem 1rem; border: 1px solid currentColor }
.notice.bad { color: var(--danger); background: var(--danger-soft) }
.notice.good { color: var(--good); background: var(--good-soft); font-weight: 600 }
.notice h2 { font-size: 1rem }
.notice ul { padding: 0; list-style: none; margin-top: .25rem }
.notice a { color: inherit }
`

const LISTS = `.devices { list-style: none; padding: 0; display: grid; gap: 1rem }
.device { gap: 1rem }
.device > header { display: flex; gap: .75rem; align-items: center }
.device > header h2, .device > header h3 { min-width: 0; overflow-wrap: anywhere }
.badge { flex: none; font-size: .8125rem; font-weight: 650; padding: .125rem .625rem; border-radius: 1rem; color: var(--good); background: var(--good-soft) }
.device > header form { margin-left: auto; flex: none }
.device .plain { min-height: 2.75rem; padding: .25rem 1rem }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); gap: .5rem 2rem }
.facts div { display: flex; gap: .75rem; align-items: baseline }
.facts dt { color: var(--soft); font-size: .9375rem; flex: 0 0 6.25rem }
.facts dd { min-width: 0 }
.row { display: flex; flex-wrap: wrap; gap: .75rem }
@media (forced-colors: active) { .badge { border: 1px solid } }
`

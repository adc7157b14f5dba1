import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeHtml, html } from './html.ts'

describe('markup', () => {
  it('holds text that is put into it as text, in elements and in attributes', () => {
    const evil = `"><script>alert('1')</script>&\``
    expect(html`<p title="${evil}">${evil}</p>`.text).toBe(`<p title="${escapeHtml(evil)}">${escapeHtml(evil)}</p>`)
    expect(escapeHtml(evil)).toBe('&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&#96;')
  })

  it('lets no text of anybody open or close anything', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => !/[<>"'`\0]/.test(html`${text}`.text)),
      { numRuns: 500 },
    )
  })

  it('holds markup of its own as it is, and lists of it, and leaves out what is not there', () => {
    const items = ['a', '<b>'].map((item) => html`<b>${item}</b>`)
    const list = html`<i>${items}</i>${undefined}${false}${0}`
    expect(list.text).toBe('<i><b>a</b><b>&lt;b&gt;</b></i>0')
  })

  it('keeps emoji and text from right to left, and sends no half of a character', () => {
    expect(html`${'👩‍🚀 שלום'}`.text).toBe('👩‍🚀 שלום')
    expect(html`${'\ud83d\0'}`.text).toBe('\ufffd\ufffd')
  })
})

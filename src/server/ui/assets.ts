import { createHash } from 'node:crypto'

export const STYLE = `
:root { color-scheme: light dark; --fg: light-dark(#1b1f24, #e6e8eb); --dim: light-dark(#57606a, #a3abb5);
  --bg: light-dark(#f6f7f9, #14171b); --card: light-dark(#fff, #1d2126); --line: light-dark(#d5dae0, #363c44);
  --good: light-dark(#146c2e, #66d17e); --bad: light-dark(#b3261e, #ff8a80); --accent: light-dark(#0b57d0, #8ab4f8); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; background: var(--bg); color: var(--fg);
  font: 1rem/1.45 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1rem; margin: 0 0 .5rem; }
p { margin: .25rem 0; } #note:empty { display: none; } #note { font-weight: 600; } .stale #note { color: var(--bad); }
.cards { columns: 3 21rem; column-gap: 1rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .9rem 1rem; margin: 0 0 1rem; break-inside: avoid; }
section, .alarms, summary { overflow-wrap: anywhere; }
dl { margin: .25rem 0 0; } dl div { display: flex; justify-content: space-between; gap: 1rem; padding: .15rem 0; }
dt { color: var(--dim); flex: none; max-width: 55%; } dd { margin: 0; text-align: right; min-width: 0; }
progress { width: 100%; height: .6rem; accent-color: var(--accent); }
.fine { color: var(--good); font-weight: 600; } .good { color: var(--good); } .bad { color: var(--bad); }
.alarms { list-style: none; margin: .5rem 0 1rem; padding: .6rem 1rem; border: 1px solid var(--bad); border-left-width: .4rem;
  border-radius: .4rem; background: var(--card); } .alarms strong { color: var(--bad); } .alarms li + li { margin-top: .4rem; }
details { border-top: 1px solid var(--line); padding: .4rem 0; margin-top: .3rem; } summary { cursor: pointer; }
small, footer { color: var(--dim); font-size: .875rem; } footer { margin: 1rem 0; }
pre { max-height: 16rem; overflow: auto; margin: .4rem 0; padding: .5rem; background: var(--bg); border: 1px solid var(--line);
  border-radius: .3rem; font-size: .8rem; white-space: pre-wrap; }
button { font: inherit; min-height: 2.4rem; padding: .2rem .9rem; margin: .3rem .4rem 0 0; border: 1px solid var(--accent);
  border-radius: .4rem; background: transparent; color: var(--accent); cursor: pointer; }
button[aria-disabled] { opacity: .6; cursor: progress; } a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.stale main { opacity: .55; }
`

/**
 * Every two seconds, while somebody looks: the page again, and of it what is new. What is open stays open, and
 * nothing is replaced under a pressed button or a selection.
 */
export const SCRIPT = `
const note = document.querySelector('#note')
const main = document.querySelector('main')
let lost = null, busy = false
const say = (text) => { if (note.textContent !== text) note.textContent = text }
async function refresh() {
  if (document.hidden || busy || !document.getSelection().isCollapsed) return
  try {
    const response = await fetch('/', { headers: { accept: 'text/html' }, cache: 'no-store', signal: AbortSignal.timeout(15000) })
    if (!response.ok) throw new Error(String(response.status))
    const next = new DOMParser().parseFromString(await response.text(), 'text/html').querySelector('main')
    const open = [...main.querySelectorAll('details[open]')].map((d) => d.id)
    const focus = document.activeElement.closest?.('details')?.id
    const which = focus ? [...document.getElementById(focus).querySelectorAll('summary, pre, button')].indexOf(document.activeElement) : -1
    const link = document.activeElement.getAttribute?.('href')
    for (const id of open) next.querySelector('#' + id)?.setAttribute('open', '')
    main.replaceChildren(...next.childNodes)
    if (which >= 0) document.getElementById(focus)?.querySelectorAll('summary, pre, button')[which]?.focus({ preventScroll: true })
    if (link) main.querySelector('a[href="' + link + '"]')?.focus({ preventScroll: true })
    if (lost !== null) say('')
    lost = null
    document.body.classList.remove('stale')
  } catch {
    lost ??= new Date()
    document.body.classList.add('stale')
    say('lextap has not answered since ' + lost.toLocaleTimeString() + '; what is shown is older.')
  }
}
main.addEventListener('click', async (event) => {
  const button = event.target.closest('button[data-post]')
  if (!button || busy || (button.dataset.ask && !confirm(button.dataset.ask))) return
  busy = true
  button.setAttribute('aria-disabled', 'true') // A disabled one would lose the focus.
  try {
    const response = await fetch(button.dataset.post, { method: 'POST', body: button.dataset.body, headers: { 'content-type': 'application/json' } })
    const answer = await response.json()
    const said = response.ok ? answer.said ?? 'asked for' : answer.message
    say(said)
    setTimeout(() => note.textContent === said && say(''), 10000)
  } catch { say('lextap does not answer.') }
  busy = false
  button.removeAttribute('aria-disabled')
  refresh()
})
// Where looking takes long it is done less often.
async function go() {
  const before = performance.now()
  await refresh()
  setTimeout(go, Math.min(15000, Math.max(2000, 10 * (performance.now() - before))))
}
setTimeout(go, 2000)
`

const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** The page loads nothing from anywhere, runs this one script, and stands in nobody's frame. */
export const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': `default-src 'none'; img-src data:; style-src ${hash(STYLE)}; script-src ${hash(SCRIPT)}; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
}

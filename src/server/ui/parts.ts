import { html } from 'hono/html'
import { formatBytes, formatCount, formatDuration } from '../../observe/numbers.ts'
import type { Stored, View } from './view.ts'

/** Escaped HTML. */
export type Html = ReturnType<typeof html>

/** What an operator should know first; nothing when all is well. */
export function alarms({ health, stored }: View): Html[] {
  const said: Html[] = []
  const say = (text: string, todo: string) => said.push(html`<li><strong>${text}</strong> ${todo}</li>`)
  if (!health.ok)
    say('Work waits and none of it gets done.', `${health.reason}. The log names what holds it.`)
  else if (health.waitingFor !== null) say('The source waits.', `For ${health.waitingFor}.`)
  if ('error' in stored) {
    say(
      'The database does not answer.',
      `${stored.error}. Nothing is lost: the stream waits until it is back.`,
    )
    return said
  }
  const { relay } = stored.status
  if (!relay.connected)
    say('The source is not connected.', `${relay.url} is tried again, later and later; the log says why.`)
  const { handler = 0, timeout = 0 } = stored.letters.kinds
  if (handler + timeout > 0)
    say(
      `${formatCount(handler + timeout)} ${handler + timeout === 1 ? 'event' : 'events'} failed in your handlers.`,
      'Mend the handler, start anew, then retry them below.',
    )
  if (stored.undelivered > 0)
    say(
      `${formatCount(stored.undelivered)} ${stored.undelivered === 1 ? 'event was' : 'events were'} never taken by the webhook.`,
      'Why: lextap outbox list. Then: lextap outbox retry --all.',
    )
  return said
}

const bar = (done: number, total: number, label: string) =>
  html`<progress value="${Math.min(done, total)}" max="${Math.max(total, 1)}" aria-label="${label}"></progress>`

const percent = (done: number, total: number) => (total === 0 ? 100 : Math.floor((100 * done) / total))

const fact = (name: string, value: Html | string) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`

const card = (title: string, body: Html) => html`<section><h2>${title}</h2>${body}</section>`

export function stream({ relay, outbox }: Stored['status']): Html {
  return card(
    'Stream',
    html`<dl>
      ${fact('state', relay.connected ? html`<b class="good">connected</b>` : html`<b class="bad">not connected</b>`)}
      ${fact('from', relay.url)}
      ${fact('cursor', relay.cursor === null ? 'none yet' : formatCount(relay.cursor))}
      ${fact('under way', `${formatCount(relay.open)} events`)}
      ${relay.lagMs === null ? '' : fact('lag', relay.lagMs < 2000 ? 'none' : formatDuration(relay.lagMs))}
      ${outbox === null ? '' : fact('outbox', `${formatCount(outbox.waiting)} wait, ${formatCount(outbox.clients)} clients`)}
    </dl>`,
  )
}

export function backfill({ repos, backfill: b, listings }: Stored['status']): Html {
  const { left, perSecond } = b
  const level = repos.states.active ?? 0
  const pace =
    perSecond === null || left.repos === 0
      ? '–'
      : `${formatCount(Math.round(perSecond.records))} records/s, ${perSecond.repos.toFixed(1)} repos/s`
  const finding = listings.some((l) => l.rounds === 0 && l.list !== 'revs')
  const nothing = finding ? 'lists are being read' : 'done'
  const eta = left.repos === 0 ? nothing : left.etaMs === null ? 'not known' : formatDuration(left.etaMs)
  const far =
    repos.total === 0
      ? 'no repos yet'
      : `${formatCount(level)} of ${formatCount(repos.total)} repos level (${percent(level, repos.total)} %)`
  return card(
    'Backfill',
    html`<p>${far}</p>
    ${bar(level, repos.total, 'repos that are level')}
    <dl>
      ${fact('to fetch', `${formatCount(left.repos)} (${formatCount(b.fetching - b.idle)} now)`)}
      ${fact('time left', eta)}
      ${fact('pace', pace)}
      ${fact('fetched since start', `${formatCount(b.records)} records of ${formatCount(b.done)} repos`)}
      ${left.waiting.repos === 0 ? '' : fact('waiting', `${formatCount(left.waiting.repos)} for ${left.waiting.hosts === 0 ? 'their time' : `${formatCount(left.waiting.hosts)} hosts`}`)}
      ${listings.map((l) => fact(l.list === 'revs' ? 'comparison of revs' : `list of ${l.list.replace(/^collection:/, '')}`, listing(l)))}
    </dl>`,
  )
}

/** How often a list was read to its end; until it was once, how far it is. */
function listing({ listed, rounds }: Stored['status']['listings'][number]): string {
  if (rounds === 0) return `being read, ${formatCount(listed)} repos so far`
  return rounds === 1 ? 'read once' : `read ${formatCount(rounds)} times`
}

export function replay({ replay: r }: Stored['status']): Html | '' {
  if (r === null) return ''
  const body =
    r.total === null
      ? html`<p>counting what is to be done</p>`
      : html`<p>${formatCount(r.done)} of ${formatCount(r.total)} records (${percent(r.done, r.total)} %)</p>
        ${bar(r.done, r.total, 'records replayed')}
        <dl>${fact('time left', r.etaMs === null ? 'not known' : formatDuration(r.etaMs))}
        ${r.letters === 0 ? '' : fact('dead letters of it', formatCount(r.letters))}</dl>`
  return card('Replay', body)
}

export function repos({ status: { repos: r }, failing }: Stored): Html {
  const counts = (all: Readonly<Record<string, number>>) =>
    Object.entries(all)
      .filter(([, n]) => n > 0)
      .map(([name, n]) => fact(name, formatCount(n)))
  const away = Object.fromEntries(Object.entries(r.standings).filter(([name]) => name !== 'active'))
  return card(
    'Repos by state',
    html`<dl>${counts(r.states)} ${Object.keys(away).length === 0 ? '' : counts(away)}</dl>
    ${r.total === 0 ? html`<p>None yet: set <code>track</code>, or <code>lextap repos add</code>.</p>` : ''}
    ${failing.map(
      (row) => html`<details id="repo-${row.id}">
        <summary>${row.handle ?? row.did}</summary>
        <p>${row.did}</p>
        <p>${row.error ?? 'no error was kept'}</p>
        <p>tried ${row.retryCount === 1 ? 'once' : `${row.retryCount} times`}${row.retryAt === null ? '' : html`, again at ${time(row.retryAt)}`}</p>
        <button data-post="/repos/resync" data-body="${JSON.stringify({ dids: [row.did] })}">Fetch now<span class="sr"> ${row.did}</span></button>
      </details>`,
    )}`,
  )
}

export function letters({ letters: { total, kinds, newest } }: Stored): Html {
  const sums = Object.entries(kinds).filter(([, n]) => n > 0)
  const failed = newest.filter(({ kind }) => kind === 'handler' || kind === 'timeout').map(({ id }) => id)
  return card(
    'Dead letters',
    html`<p>${total === 0 ? 'none' : sums.map(([kind, n]) => `${formatCount(n)} ${kind}`).join(', ')}</p>
    ${failed.length < 2 ? '' : html`<button data-post="/dead-letters/retry" data-body="${JSON.stringify({ ids: failed.toSorted((a, b) => a - b) })}">Retry the ${failed.length} of handlers</button>`}
    ${newest.map(
      (l) => html`<details id="letter-${l.id}">
        <summary>${l.action} ${l.collection || l.did} <small>${l.kind}</small></summary>
        <p>${l.uri}</p>
        <p>${l.attempts === 1 ? 'one attempt' : `${l.attempts} attempts`}, last ${time(l.updatedAt)}</p>
        <pre tabindex="0">${l.error}</pre>
        <button data-post="/dead-letters/retry" data-body="${JSON.stringify({ ids: [l.id] })}">Retry<span class="sr"> ${l.uri}</span></button>
        <button data-post="/dead-letters/drop" data-body="${JSON.stringify({ ids: [l.id] })}" data-ask="Forget this dead letter? The record stays in the index, your tables stay without it.">Drop<span class="sr"> ${l.uri}</span></button>
      </details>`,
    )}
    ${total > newest.length ? html`<p>The newest ${newest.length} are shown. All: <code>lextap dead-letters list</code></p>` : ''}`,
  )
}

export function database({ database: { url, bytes }, status: { bodies } }: Stored): Html {
  return card(
    'Database',
    html`<dl>
      ${fact('where', url)}
      ${fact('size', formatBytes(bytes))}
      ${fact('stored bodies', `about ${formatBytes(bodies.bytes)}${bodies.kept ? '' : ', no more are kept'}`)}
    </dl>`,
  )
}

/** Counts of what was refused, in words. */
const WORDS: Readonly<Record<string, string>> = {
  invalid: 'invalid message',
  discontinuous: 'repo out of step',
  legacy: 'commit without proofs',
  streams: 'connection ended',
  fetches: 'fetch failed',
  records: 'broken record',
}

export function refused({ rejections }: Stored['status']): Html | '' {
  const rows = Object.entries(rejections).flatMap(([what, counts]) =>
    Object.entries<number>(counts).map(([rule, n]) =>
      fact(`${WORDS[what] ?? what}, ${rule}`, formatCount(n)),
    ),
  )
  if (rows.length === 0) return ''
  return card(
    'Refused, by rule',
    html`<p>Handled by lextap; the rules are in docs/verification.md.</p><dl>${rows}</dl>`,
  )
}

export const time = (ms: number): Html => {
  const iso = new Date(ms).toISOString()
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')} UTC</time>`
}

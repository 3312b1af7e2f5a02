import { html, raw } from 'hono/html'
import { formatDuration } from '../../observe/numbers.ts'
import { SCRIPT, STYLE } from './assets.ts'
import {
  alarms,
  backfill,
  database,
  type Html,
  letters,
  refused,
  replay,
  repos,
  stream,
  time,
} from './parts.ts'
import type { View } from './view.ts'

/** The whole page. It shows what it shows without its script, which asks for it again and does what buttons say. */
export function page(view: View): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>lextap</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<header><h1>lextap</h1><p id="note" role="status"></p></header>
<main>${content(view)}</main>
<script>${raw(SCRIPT)}</script>
</body>
</html>
`
}

function content(view: View): Html {
  const said = alarms(view)
  const { stored, uptimeMs, now } = view
  const head = html`${said.length === 0 ? html`<p class="fine">All is well.</p>` : html`<ul class="alarms">${said}</ul>`}`
  const foot = html`<footer>${time(now.getTime())} · running for ${formatDuration(uptimeMs)} ·
    <a href="/status">status as JSON</a> · <a href="/metrics">metrics</a></footer>`
  if ('error' in stored) return html`${head}${foot}`
  const { status } = stored
  return html`${head}
    <div class="cards">${stream(status)}${backfill(status)}${replay(status)}${repos(stored)}${letters(stored)}${database(stored)}${refused(status)}</div>
    ${foot}`
}

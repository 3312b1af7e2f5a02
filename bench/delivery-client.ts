/** A client in a process of its own. Arguments: url, kind (`plain`, `official`, `slow` or `idle`), events to take. */
import { SimpleIndexer, Tap } from '@atproto/tap'
import { WebSocket } from 'ws'

const [url = '', kind = '', count = '0'] = process.argv.slice(2)
const total = Number(count)
let taken = 0
const done = () => {
  if (++taken === 1) process.send?.('open')
  if (taken >= total) process.send?.('done')
}

if (kind === 'official') {
  const tap = new Tap(url)
  const indexer = new SimpleIndexer().record(async () => done()).error((error) => console.error(error))
  void tap.channel(indexer).start()
} else {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/channel`, { perMessageDeflate: false })
  socket.on('message', async (data) => {
    if (kind === 'idle') return done()
    const { id } = JSON.parse(String(data))
    if (kind === 'slow') await new Promise((resolve) => setTimeout(resolve, 50 * taken++))
    socket.send(`{"type":"ack","id":${id}}`)
    if (kind !== 'slow') done()
  })
}

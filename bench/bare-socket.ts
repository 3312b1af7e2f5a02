/** How fast `ws` alone takes frames, in a process of its own: `node bare-socket.ts <relay> <frames>` prints frames/s. */
import { WebSocket } from 'ws'

const [relay = '', count = '0'] = process.argv.slice(2)
const socket = new WebSocket(`${relay}/xrpc/com.atproto.sync.subscribeRepos`, { perMessageDeflate: false })
let taken = 0
let begin = 0
socket.on('message', () => {
  if (taken === 0) begin = performance.now()
  if (++taken < Number(count)) return
  console.log(taken / ((performance.now() - begin) / 1000))
  socket.terminate()
})

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { listener } from '../../test/support/observer.ts'
import { Lanes } from '../async/lanes.ts'
import { decodeFrame } from '../protocol/frame.ts'
import { frameOf } from '../testing/event.ts'
import { Follower } from './follow.ts'
import { Relay } from './relay.ts'
import { Watermark } from './watermark.ts'

const DID = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const account = (seq: number) =>
  frameOf({ kind: 'account', did: DID, active: true, time: '2026-01-01T00:00:00Z' }, seq)

test('a frame has memory of its own, which is given back when its work is done', async () => {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  // At once, so that they lie side by side in what the socket reads.
  sockets.on('connection', (socket) => {
    for (const seq of [1, 2, 3]) socket.send(account(seq))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  const observer = listener()
  const watermark = new Watermark(null)
  await using lanes = new Lanes<string>({ concurrency: 4, maxQueued: 4 })
  const frames: Uint8Array[] = []
  const lengths: number[][] = []
  const stop = new AbortController()
  const follower = new Follower({
    ...{ url, observer, watermark, lanes, cursor: null },
    relay: new Relay({ url, observer, cursor: () => null }),
    select: () => true,
    onGap: async () => {},
    handle: async (frame) => {
      expect(decodeFrame(frame)).toMatchObject({ kind: 'account', did: DID, seq: frames.length + 1 })
      expect(frame.buffer.byteLength).toBe(frame.length)
      frames.push(frame)
      // One of a lane at a time: those before it are done.
      lengths.push(frames.map(({ length }) => length))
      if (frames.length === 3) stop.abort()
      return null
    },
  })
  await follower.run(stop.signal)
  await lanes.idle()
  sockets.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  const { length } = account(1)
  expect(lengths).toEqual([[length], [0, length], [0, 0, length]])
  expect(frames.map((frame) => frame.length)).toEqual([0, 0, 0])
  expect(watermark.value).toBe(3)
})

import { WebSocket } from 'ws'
import { TemporaryError, UserError } from '../../errors.ts'

const NSID = 'com.atproto.sync.subscribeRepos'
/** A frame over 5 MB is refused (A9), and still read, so that the ones behind it can be. */
const MAX_LENGTH = 64 << 20
/** Frames held before the socket is not read. */
const HIGH_WATER = 1024

/**
 * The frames of a firehose as they come, over one connection. A text frame is given as its bytes, which no frame can
 * be (A1). Not pulling is the back-pressure.
 *
 * The generator's exits: the signal aborted, or the other side closed (returns) · it refused or cannot be reached
 * (throws UserError or TemporaryError).
 */
export async function* liveFrames(
  url: string,
  options: { readonly cursor: number | null; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const target = targetOf(url)
  if (options.cursor !== null) target.searchParams.set('cursor', String(options.cursor))
  const socket = new WebSocket(target, {
    maxPayload: MAX_LENGTH,
    perMessageDeflate: false,
    handshakeTimeout: 15_000,
    headers: { 'user-agent': 'lextap' },
  })
  const queue: Uint8Array[] = []
  let ending: { readonly error: Error | null } | null = null
  let wake: () => void = () => {}
  const end = (error: Error | null) => {
    ending ??= { error }
    wake()
  }
  let open = false
  socket.on('open', () => {
    open = true
  })
  socket.on('message', (data: Buffer) => {
    queue.push(data)
    if (queue.length >= HIGH_WATER) socket.pause()
    wake()
  })
  socket.on('unexpected-response', (_request, response) => {
    const status = response.statusCode ?? 0
    response.resume()
    end(refusal(target, status))
  })
  socket.on('error', (cause) => {
    const what = open ? 'the connection broke' : 'cannot be reached'
    end(new TemporaryError(`${target.host}: ${what}: ${cause.message}`, { code: 'source', cause }))
  })
  socket.on('close', () => end(null))
  const stop = () => end(null)
  options.signal.addEventListener('abort', stop)
  try {
    while (!options.signal.aborted) {
      const frame = queue.shift()
      if (frame !== undefined) yield frame
      else if (ending !== null) break
      else {
        if (socket.isPaused) socket.resume()
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
    const { error } = (ending ?? { error: null }) as { error: Error | null }
    if (error !== null) throw error
  } finally {
    options.signal.removeEventListener('abort', stop)
    socket.on('error', () => {})
    socket.terminate()
  }
}

/** A bare host gets the endpoint added. */
function targetOf(url: string): URL {
  const target = URL.parse(url)
  if (target === null) throw new UserError(`not a URL: ${url}`, { code: 'input' })
  if (target.pathname === '/' || target.pathname === '') target.pathname = `/xrpc/${NSID}`
  return target
}

function refusal(target: URL, status: number): Error {
  const message = `${target.host} answers HTTP ${status} instead of a firehose at ${target.pathname}`
  const retry = status === 429 || status >= 500
  return retry && status !== 501
    ? new TemporaryError(message, { code: 'source' })
    : new UserError(message, { code: 'source' })
}

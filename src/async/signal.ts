/** Waiting that an `AbortSignal` can end. All of these reject with `signal.reason`. */

/** Resolves after `ms`. `ref: false` lets the process end meanwhile. */
export function sleep(ms: number, signal?: AbortSignal, options: { ref?: boolean } = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    if (options.ref === false) timer.unref()
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** The promise's outcome, or the signal's reason when that comes first. The promise itself goes on. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** A signal that aborts with the first of the given ones; absent ones are left out. */
export function anySignal(...signals: readonly (AbortSignal | null | undefined)[]): AbortSignal {
  const present = signals.filter((s) => s !== null && s !== undefined)
  const [only] = present
  return present.length === 1 && only !== undefined ? only : AbortSignal.any(present)
}

/** Whether `error` only says that somebody asked us to stop. */
export function isAbort(error: unknown, signal?: AbortSignal): boolean {
  if (signal?.aborted && error === signal.reason) return true
  return (
    error instanceof Error && (error.name === 'AbortError' || ('code' in error && error.code === 'stopping'))
  )
}

/** The promise's value, or null when it takes longer than `ms`; what it comes to then is nobody's business. */
export function within<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, ms, null)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

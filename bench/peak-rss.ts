import { readFileSync } from 'node:fs'

/**
 * Most memory this process had at once, bytes. Linux counts `maxRSS` from the process that started us, which may
 * have been far larger; its high-water mark of our own memory is right.
 */
export function peakRss(): number {
  try {
    const mark = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
    if (mark !== undefined) return Number(mark) * 1024
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024
}

import { readFileSync, statSync } from 'node:fs'

/**
 * Who holds locks on a database file or its log, as far as the system tells: Linux lists them in `/proc/locks`, with
 * the process and the inode. Empty elsewhere. For error messages; it is looked at when the lock is refused already.
 */
export function lockHolders(path: string): string[] {
  try {
    const inodes = new Set([path, `${path}-wal`, `${path}-shm`].flatMap(inodeOf))
    const pids = readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .flatMap((line) => holderOf(line, inodes))
    return [...new Set(pids)].filter((pid) => pid !== process.pid).map((pid) => `${nameOf(pid)} (pid ${pid})`)
  } catch {
    return []
  }
}

/** `1: POSIX  ADVISORY  WRITE 4711 08:01:131074 120 120` */
function holderOf(line: string, inodes: ReadonlySet<string>): number[] {
  const [, , , kind, pid, file] = line.split(/\s+/)
  const inode = file?.split(':')[2] ?? ''
  // Readers are in nobody's way.
  return kind === 'WRITE' && inodes.has(inode) && Number(pid) > 0 ? [Number(pid)] : []
}

function inodeOf(path: string): string[] {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined ? [] : [String(found.ino)]
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return 'a process'
  }
}

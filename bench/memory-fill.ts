/**
 * Adds repos that nobody commits to, in a process of its own: `node memory-fill.ts <database> <from> <to>`. They are
 * level, and further than any frame that names them.
 */
import { createObserver } from '../src/observe/observer.ts'
import { openStore } from '../src/store/open.ts'
import { strangerDid } from './both-sides.ts'

const CHUNK = 10_000
const [database = '', from = '0', to = '0'] = process.argv.slice(2)
await using store = await openStore(database, { observer: createObserver({ level: 'silent' }) })
for (let n = Number(from); n < Number(to); n += CHUNK) {
  const count = Math.min(CHUNK, Number(to) - n)
  await store.repos.add(
    Array.from({ length: count }, (_, i) => strangerDid(n + i)),
    { state: 'active' },
  )
  await store.db.run(
    `update lextap_repo set rev = $1, data = $2, handle = 'stranger.test', pds = 'https://pds.invalid',
     signing_key = 'did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme'
     where id > (select max(id) from lextap_repo) - $3 and rev is null`,
    ['7zzzzzzzzzzzz', new Uint8Array(36), count + 1000],
  )
}

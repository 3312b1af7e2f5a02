import { expect, test } from 'vitest'
import { listener } from '../test/support/observer.ts'
import { tempDatabase } from '../test/support/outbox.ts'
import { resolveConfig } from './config/resolve.ts'
import { Serving } from './serving.ts'
import { openStore } from './store/open.ts'

test('events that nobody is to get are told once, when the first is written', async () => {
  const observer = listener()
  const database = tempDatabase()
  await using store = await openStore(database, { observer })
  const config = resolveConfig({ database }, { root: process.cwd(), file: null })
  const serving = new Serving({ config, store, observer, handlers: true })
  const said = () => observer.lines.filter(({ msg }) => String(msg).includes('nobody is to get them'))
  serving.committed(0)
  expect(said()).toEqual([])
  serving.committed(1)
  serving.committed(1)
  expect(said()).toHaveLength(1)
})

import { bulkTree } from '../../src/testing/bulk.ts'
import { carBytes } from '../../src/testing/car.ts'
import { isoOf, systemClock } from '../../src/testing/clock.ts'
import { tid } from '../../src/testing/ids.ts'
import { SigningKey } from '../../src/testing/keys.ts'
import { Random } from '../../src/testing/random.ts'
import { RecordMaker } from '../../src/testing/records.ts'
import { SignedRepo } from '../../src/testing/signed-repo.ts'

/**
 * A repo of `count` records for an account, to be imported by a real PDS (which signs it anew). Much faster
 * than as many calls.
 */
export function bulkCar(did: string, count: number, seed: string = did): Uint8Array {
  const random = new Random(seed)
  const clock = systemClock()
  const maker = new RecordMaker(random, () => isoOf(clock()))
  const records = Array.from({ length: count }, () => {
    const collection = maker.collection()
    return { collection, record: maker.record(collection) }
  })
  const key = new SigningKey('k256', random.bytes(32))
  const repo = new SignedRepo(did, key, () => tid(clock(), 0), bulkTree(records, clock))
  return carBytes(repo.export('preorder', random))
}

import { expect, test } from 'vitest'
import { WalkJob } from './walk-job.ts'
import type { WalkAnswer, WalkRequest } from './walk-message.ts'

async function* body(): AsyncGenerator<Uint8Array, void, void> {
  yield Uint8Array.of(1, 2, 3)
}

const answer = (rest: Partial<WalkAnswer> = {}): WalkAnswer => ({
  ...{ id: 1, end: false, commit: null, packed: null, error: null },
  ...rest,
})

async function walked(answers: readonly WalkAnswer[]): Promise<string[]> {
  const sent: WalkRequest[] = []
  const job = new WalkJob(1, (request) => sent.push(request))
  await job.pump(body())
  for (const one of answers) job.answered(one)
  const taken = job.taken()
  for (const _ of answers) await taken.next().catch(() => {})
  job.close()
  job.close()
  return sent.map(({ kind }) => kind)
}

test('a walk that is left is closed, once', async () => {
  expect(await walked([answer()])).toEqual(['push', 'finish', 'finish', 'close'])
})

test('a walk that has ended, well or not, is closed already', async () => {
  const all = ['push', 'finish', 'finish']
  expect(await walked([answer(), answer({ end: true })])).toEqual(all)
  const error = { kind: 'other', word: '', message: 'broken', stack: undefined } as const
  expect(await walked([answer({ end: true, error })])).toEqual(all)
})

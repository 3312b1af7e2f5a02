import { DiscontinuousError, InvalidError } from '../../src/errors.ts'
import { encode } from '../../src/protocol/cbor-encode.ts'
import { cidForBlock } from '../../src/protocol/cid.ts'
import { parseKey } from '../../src/protocol/key.ts'
import type { CommitMessage } from '../../src/protocol/message.ts'
import { type Head, type VerifiedCommit, type VerifyOptions, verifyCommit } from '../../src/repo/verify.ts'
import { type Draft, SignedRepo, type Write } from './signed-repo.ts'

export const record = (text: string): { $type: string; text: string } => ({ $type: 'com.example.post', text })
export const path = (n: number | string): string => `com.example.post/${n}`
export const cidOf = (value: unknown): Uint8Array => cidForBlock(encode(value))
export const now: number = Date.now()
export const defaults: VerifyOptions = { legacy: 'proven', now }

export const verify = (
  repo: SignedRepo,
  message: CommitMessage,
  head: Head,
  options: Partial<VerifyOptions> = {},
): VerifiedCommit => verifyCommit(message, parseKey(repo.key.did()), head, { ...defaults, ...options })

/** The rule an attempt fails by, `ok`, or `discontinuous:<rule>`. */
export function ruleOf(attempt: () => unknown): string {
  try {
    attempt()
    return 'ok'
  } catch (error) {
    // Refused for want of something better: to a test that is an error of ours.
    if (error instanceof InvalidError && !/unexpected way/.test(error.message)) return error.rule
    if (error instanceof DiscontinuousError) return `discontinuous:${error.rule}`
    throw error
  }
}

/** A repo with fifty records and the head after them. */
export async function grown(curve: 'k256' | 'p256' = 'k256'): Promise<{ repo: SignedRepo; head: Head }> {
  const repo = await SignedRepo.create({ curve })
  repo.draft(Array.from({ length: 50 }, (_, i): Write => [path(i), record(`old ${i}`)]))
  return { repo, head: repo.head }
}

/** One commit of each action, bent; the rule it fails by. */
export async function bent(
  bend: (draft: Draft) => void,
  options: { writes?: readonly Write[]; verify?: Partial<VerifyOptions> } = {},
): Promise<string> {
  const { repo, head } = await grown()
  const { writes = [[path('new'), record('new')]] } = options
  const message = await repo.commit(writes, bend)
  return ruleOf(() => verify(repo, message, head, options.verify))
}

/** A CAR's sections, each with its length. */
export function sectionsOf(car: Uint8Array): Uint8Array[] {
  const sections: Uint8Array[] = []
  for (let at = 0; at < car.length; ) {
    let [length, i] = [0, at]
    for (let scale = 1; ; scale *= 128) {
      const byte = car[i++] ?? 0
      length += (byte & 127) * scale
      if (byte < 128) break
    }
    sections.push(car.subarray(at, i + length))
    at = i + length
  }
  return sections
}

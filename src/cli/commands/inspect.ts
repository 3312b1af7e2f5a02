import { Command, InvalidArgumentError } from 'commander'
import type { LegacyPolicy } from '../../repo/policy.ts'
import { inspectCar } from '../inspect/car.ts'
import { inspectDid } from '../inspect/did.ts'
import { inspectFrames } from '../inspect/frames.ts'
import { positive, withJson } from '../options.ts'

export function command(): Command {
  const car = new Command('car')
    .description('verify the CAR of a repo and list its records; - reads stdin')
    .argument('<file>')
    .option('--did-doc <file>', "the account's DID document, to check the signature and whose repo it is")
    .option('--resolve', 'ask the network for the DID document')
    .option('--records', 'print the records too')
    .action(inspectCar)
  const frames = new Command('frames')
    .description(
      'verify firehose frames, one after another: a capture ([u32 little-endian length][frame]…, plain or zstd), - for stdin, or a ws:// or wss:// URL; ends with 1 when a message is invalid, or when there is none',
    )
    .argument('<file-or-url>')
    .option('--did-docs <file>', 'one JSON object, DID → DID document, to check the signatures')
    .option('--resolve', 'ask the network for DID documents (a URL without --did-docs does)')
    .option(
      '--legacy <policy>',
      'commits without Sync 1.1 proofs: proven, resync or reject',
      policy,
      'proven',
    )
    .option('--cursor <seq>', 'where a URL begins; default at its head', cursor)
    .option('--limit <n>', 'stop after so many messages', positive)
    .option('--save <file>', 'keep the frames as a capture')
    .action(inspectFrames)
  const did = new Command('did')
    .description('who and where an account is, and what its host says of it')
    .argument('<did-or-handle>')
    .option('--repo', 'fetch its repo and verify it')
    .action(inspectDid)
  const inspect = new Command('inspect').description('judge repos, firehoses and accounts: car, frames, did')
  for (const child of [car, frames, did]) inspect.addCommand(withJson(withNetwork(child)))
  return inspect
}

function withNetwork(command: Command): Command {
  return command
    .option('--plc <url>', 'PLC directory (default: https://plc.directory)')
    .option('--allow-private-hosts', 'ask private and loopback addresses too')
    .option('--debug', 'print the stack of an error')
}

function policy(text: string): LegacyPolicy {
  if (text === 'proven' || text === 'resync' || text === 'reject') return text
  throw new InvalidArgumentError('It must be proven, resync or reject.')
}

function cursor(text: string): number {
  if (!/^\d{1,16}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}

import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { type Figure, median, ROUNDS } from './figure.ts'
import { writePublicLexicons } from './public-lexicons.ts'

const ROOT = resolve(import.meta.dirname, '..')
const FOLDER = join(ROOT, '.lextap/bench-codegen')

/**
 * The full public lexicon set, from a cold start to files on disk, each run a process of its own with an empty folder.
 * Beside it `lex build` of `@atproto/lex`, which writes schemas for an interpreter instead of code.
 */
export async function bench(): Promise<Figure[]> {
  const lexicons = join(FOLDER, 'lexicons')
  await writePublicLexicons(lexicons)
  const out = (name: string) => join(FOLDER, name)
  const commands: Record<string, string[]> = {
    lextap: ['--conditions=lextap-source', runner(), lexicons, out('lextap')],
    '@atproto/lex build': [
      join(ROOT, 'node_modules/@atproto/lex/bin/lex'),
      'build',
      ...[
        '--lexicons',
        lexicons,
        '--out',
        out('lex'),
        '--indexFile',
        '--clear',
        '--lib',
        '@atproto/lex-schema',
      ],
    ],
  }
  const times: Record<string, number[]> = { lextap: [], '@atproto/lex build': [] }
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, args] of Object.entries(commands)) {
      for (const folder of ['lextap', 'lex']) rmSync(out(folder), { recursive: true, force: true })
      const start = performance.now()
      execFileSync(process.execPath, args, { cwd: ROOT, stdio: 'pipe' })
      times[name]?.push((performance.now() - start) / 1000)
    }
  const ours = times.lextap ?? []
  // Written last by another one: write ours again, so that what is checked is what was measured.
  execFileSync(process.execPath, commands.lextap ?? [], { cwd: ROOT, stdio: 'pipe' })
  typeCheck(out('lextap'))
  return [
    {
      id: 'codegen-cold',
      value: median(ours),
      unit: 's',
      target: '<= 5 s, output type-checks',
      spread: [Math.min(...ours), Math.max(...ours)],
      peers: { '@atproto/lex build': median(times['@atproto/lex build'] ?? []) },
    },
  ]
}

/** A script that does what `lextap codegen` does, without the rest of the command line. */
function runner(): string {
  mkdirSync(FOLDER, { recursive: true })
  const file = join(FOLDER, 'run.ts')
  const codegen = join(ROOT, 'src/lexicon/codegen.ts')
  writeFileSync(
    file,
    `import { runCodegen } from '${codegen}'
const [lexicons, generated] = process.argv.slice(2) as [string, string]
await runCodegen({ lexicons, generated, migrations: null })
`,
  )
  return file
}

/** Throws with the compiler's output when the generated files do not compile. */
function typeCheck(folder: string): void {
  const config = join(folder, 'tsconfig.json')
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: { rootDir: ROOT },
      include: ['.'],
      exclude: [],
    }),
  )
  execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', config], {
    stdio: 'inherit',
  })
}

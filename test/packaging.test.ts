import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeStatusphere, type Project } from './support/project.ts'
import { cleanEnv, startNode } from './support/run-node.ts'

/**
 * The package as users get it: packed, unpacked beside its production dependencies and nothing else (what only
 * the development dependencies bring cannot be found), in a project of its own.
 */
let project: Project
const root = resolve('.')

function exec(file: string, args: readonly string[], cwd: string = project.dir): string {
  return execFileSync(file, args, { cwd, env: cleanEnv(), encoding: 'utf8', stdio: 'pipe' })
}

interface LockEntry {
  readonly dev?: boolean
  readonly devOptional?: boolean
}

beforeAll(() => {
  project = makeStatusphere()
  const modules = join(project.dir, 'node_modules')
  rmSync(modules, { recursive: true })
  exec(process.execPath, ['.ci/build.mjs'], root)
  const packed = exec(
    'npm',
    ['pack', '--ignore-scripts', '--silent', '--pack-destination', project.dir],
    root,
  )
  exec('tar', ['-xzf', packed.trim()])
  mkdirSync(modules)
  renameSync(join(project.dir, 'package'), join(modules, 'lextap'))
  linkProductionDependencies(modules)
})
afterAll(() => project.remove())

function linkProductionDependencies(modules: string): void {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, LockEntry>
  }
  const names = Object.entries(lock.packages).filter(([path, entry]) => {
    const isTop = /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path)
    return isTop && entry.dev !== true && entry.devOptional !== true && existsSync(path)
  })
  // Peers a user installs, and the compiler of the test itself.
  for (const path of [
    ...names.map(([path]) => path),
    'node_modules/kysely',
    'node_modules/@types/node',
    'node_modules/undici-types',
  ]) {
    const target = join(modules, path.slice('node_modules/'.length))
    if (existsSync(target) || !existsSync(path)) continue
    mkdirSync(dirname(target), { recursive: true })
    symlinkSync(resolve(path), target)
  }
}

const lextap = (...args: string[]) =>
  exec(process.execPath, ['node_modules/lextap/dist/cli/main.js', ...args])

test('it holds what runs and nothing of how it was made', () => {
  const lextapDir = join(project.dir, 'node_modules/lextap')
  expect(existsSync(join(lextapDir, 'dist/index.js'))).toBe(true)
  for (const name of ['src', 'test', 'bench', '.ci', 'node_modules'])
    expect(existsSync(join(lextapDir, name))).toBe(false)
  expect(exec('find', ['node_modules/lextap/dist', '-name', '*.test.*'])).toBe('')
})

test('the bin starts', () => {
  expect(exec(join(project.dir, 'node_modules/lextap/dist/cli/main.js'), ['--version'])).toBe('0.1.0\n')
})

test.each(['lextap', 'lextap/config', 'lextap/lex', 'lextap/testing', 'lextap/package.json'])(
  '%s resolves',
  (name) => {
    const how = name.endsWith('.json') ? ", { with: { type: 'json' } }" : ''
    const script = `console.log(Object.keys(await import('${name}'${how})).length > 0)`
    expect(exec(process.execPath, ['--input-type=module', '-e', script])).toBe('true\n')
  },
)

describe('a project', () => {
  beforeAll(() => {
    project.write({
      'tap.config.ts':
        "import { defineConfig } from 'lextap/config'\nexport default defineConfig({ track: { signal: 'xyz.statusphere.status' } })\n",
      'app.ts': `import { createObserver, createTap, loadConfig, loadHandlers } from 'lextap'
import { startNetwork } from 'lextap/testing'
const { config } = await loadConfig()
const observer = createObserver({ level: 'warn' })
export const tap = createTap(config, { observer, ...(await loadHandlers(config)) })
export const network = await startNetwork({ seed: 1 })
`,
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          target: 'es2024',
          lib: ['es2024', 'esnext.disposable'],
          module: 'nodenext',
          strict: true,
          noEmit: true,
          types: ['node'],
          allowImportingTsExtensions: true,
          exactOptionalPropertyTypes: true,
        },
        include: ['*.ts', 'src', 'generated', 'migrations'],
      }),
    })
    lextap('codegen')
  })

  // What it is built with comes last, and stays.
  describe.each(['kysely-0.28', 'kysely'])('with %s', (kysely) => {
    beforeAll(() => {
      const link = join(project.dir, 'node_modules/kysely')
      rmSync(link)
      symlinkSync(resolve('node_modules', kysely), link)
    })

    test('type-checks, the declarations of lextap included', () => {
      const run = () => exec(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'])
      let said = ''
      try {
        said = run()
      } catch (error) {
        said = (error as { stdout: string }).stdout
      }
      // What other packages declare is theirs.
      const lines = said.split('\n').filter((line) => /error TS/.test(line))
      expect(lines.filter((line) => !line.startsWith('node_modules/') || line.includes('/lextap/'))).toEqual(
        [],
      )
    })

    test('runs against the sandbox and ends level with it', () => {
      const said = lextap(
        'dev',
        '--sandbox',
        '--until-level',
        '--repos',
        '5',
        '--records',
        '20',
        '--log-level',
        'warn',
      )
      expect(said).toContain('level: the index holds every record of the network and no other')
    })
  })

  test('dev runs it, as the package has no sources', async () => {
    await using dev = startNode(['node_modules/lextap/dist/cli/main.js', 'dev'], {
      sources: false,
      cwd: project.dir,
      env: { TAP_RELAY_URL: 'ws://127.0.0.1:1' },
    })
    await dev.waitFor(/cannot be reached/)
    dev.child.kill('SIGTERM')
    expect((await dev.finished).code).toBe(0)
  })
})

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { makeProject } from './support/project.ts'
import { runCli } from './support/run-node.ts'

const readme = readFileSync('README.md', 'utf8')
const project = makeProject()
afterAll(() => project.remove())

interface Step {
  readonly file?: readonly [path: string, text: string]
  readonly command?: string
}

/** Files of the quick start (a path in bold, then a block), in order, with the commands between them. */
function steps(): Step[] {
  const quickStart = readme.slice(readme.indexOf('## In a project of your own'), readme.indexOf('## More'))
  const found = quickStart.matchAll(/\*\*`([^`]+)`\*\*\s+```\w+\n([\s\S]*?)```|```sh\n([\s\S]*?)```/g)
  return [...found].flatMap(([, path, text, commands]): Step[] => {
    if (path !== undefined && text !== undefined) return [{ file: [path, text] }]
    return (commands ?? '')
      .trim()
      .split('\n')
      .map((command) => ({ command }))
  })
}

test('the quick start works, step by step', async () => {
  const ran: string[] = []
  for (const { file, command } of steps()) {
    if (file !== undefined) project.write({ [file[0]]: file[1] })
    const args = /^npx lextap (.*)$/.exec(command ?? '')?.[1]
    // The last command follows the public network.
    if (args === undefined || args === 'run') continue
    const { code, stdout, stderr } = await runCli(project.dir, args.split(' '))
    expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' })
    if (args.startsWith('dev')) expect(stdout).toMatch(/^status +[1-9]\d*$/m)
    ran.push(args.split(' ')[0] ?? '')
  }
  expect(ran).toEqual(['codegen', 'dev', 'status'])
})

test('the Kysely it installs is the one that lextap is built with, and takes', () => {
  const { peerDependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(readme).toMatch(/^npm install lextap kysely$/m)
  const [minor = ''] = /^\^0\.\d+\./.exec(devDependencies.kysely) ?? []
  expect(minor).not.toBe('')
  // npm resolves the two together, and refuses what a peer does not take.
  expect(peerDependencies.kysely.split(' || ').some((range: string) => range.startsWith(minor))).toBe(true)
})

test('what it links to is there, and its commands are scripts', () => {
  const links = [...readme.matchAll(/\]\((?!https?:)([^)]+)\)/g)].map((m) => m[1] ?? '')
  expect(links.filter((link) => !existsSync(link))).toEqual([])
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
  const architecture = readFileSync('ARCHITECTURE.md', 'utf8')
  for (const [, name = ''] of `${readme}\n${architecture}`.matchAll(
    /npm (?:run )?(start:live|start|test|bench|docs|codegen)\b/g,
  )) {
    expect(scripts).toHaveProperty(name)
  }
})

test('the house of ARCHITECTURE.md has the rooms of src', () => {
  const rooms = readdirSync('src').filter((name) => statSync(join('src', name)).isDirectory())
  const architecture = readFileSync('ARCHITECTURE.md', 'utf8')
  expect(rooms.filter((room) => !architecture.includes(`\`${room}/\``))).toEqual([])
})

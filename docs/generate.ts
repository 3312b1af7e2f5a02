import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import {
  type Expression,
  type JSDocableNode,
  Node,
  Project,
  SyntaxKind,
  type TypeElementTypes,
} from 'ts-morph'
import { COMMANDS } from '../src/cli/program.ts'
import { ENV_NAMES } from '../src/config/env-names.ts'
import { listOptions } from '../src/config/schema.ts'

/**
 * Writes the reference pages from what the program itself says: options from their types and their schema, commands
 * from their help, metrics from where they are counted. `npm run docs`; a test fails when a page is out of date.
 */
export async function pages(): Promise<Map<string, string>> {
  const project = new Project({ skipAddingFilesFromTsConfig: true })
  const source = resolve(import.meta.dirname, '../src')
  project.addSourceFilesAtPaths([`${source}/config/types.ts`, `${source}/**/*-events.ts`])
  return new Map([
    ['config.md', configPage(project)],
    ['cli.md', await cliPage()],
    ['metrics.md', metricsPage(project)],
  ])
}

const NOTE = '<!-- Written by docs/generate.ts: npm run docs -->'
/** A cell may hold no bar and no line break. */
const cell = (text: string) => text.replaceAll('|', '\\|').replace(/\s+/g, ' ').trim()
/** Text that is not Markdown. */
const plain = (text: string) => text.replaceAll('<', '&lt;').replaceAll('*', '\\*')
const row = (...cells: string[]) => `| ${cells.map(cell).join(' | ')} |`
const table = (headings: string[], rows: string[][]) =>
  [row(...headings), row(...headings.map(() => '---')), ...rows.map((r) => row(...r))].join('\n')

function docOf(node: JSDocableNode): string {
  return node
    .getJsDocs()
    .map((doc) => doc.getDescription())
    .join(' ')
    .trim()
}

/** Option path → what its doc comment says. */
function optionDocs(project: Project): Map<string, string> {
  const docs = new Map<string, string>()
  const config = project.getSourceFileOrThrow('types.ts').getInterfaceOrThrow('TapConfig')
  const visit = (members: readonly TypeElementTypes[], at: string) => {
    for (const member of members) {
      if (!Node.isPropertySignature(member)) continue
      const path = at === '' ? member.getName() : `${at}.${member.getName()}`
      docs.set(path, docOf(member))
      const type = member.getTypeNode()
      const parts = type?.asKind(SyntaxKind.UnionType)?.getTypeNodes() ?? [type]
      for (const part of parts) if (Node.isTypeLiteral(part)) visit(part.getMembers(), path)
    }
  }
  visit(config.getMembers(), '')
  return docs
}

function configPage(project: Project): string {
  const docs = optionDocs(project)
  const envOf = (path: string) =>
    ENV_NAMES.filter((e) => e.options.includes(path)).map((e) => `\`${e.name}\``)
  const options = listOptions()
  const meaning = (path: string): string =>
    docs.get(path) || (docs.get(path.slice(0, path.lastIndexOf('.'))) ?? '')
  const rowOf = (path: string, words: string) => [
    `\`${path}\``,
    meaning(path),
    plain(words),
    envOf(path).join(', '),
  ]
  const groups = [...new Set(options.map((o) => o.path.split('.')[0] ?? ''))]
  const isGroup = (name: string) => options.some((o) => o.path.startsWith(`${name}.`))
  const headings = ['option', 'meaning', 'allowed', 'environment']
  const single = options.filter((o) => !isGroup(o.path.split('.')[0] ?? ''))
  const sections = groups.filter(isGroup).map((group) => {
    const inside = options.filter((o) => o.path === group || o.path.startsWith(`${group}.`))
    return `### \`${group}\`\n\n${docs.get(group) ?? ''}\n\n${table(
      headings,
      inside.filter((o) => o.path !== group).map((o) => rowOf(o.path, o.allowed)),
    )}`
  })
  return `# Configuration

${NOTE}

\`tap.config.ts\` (or \`.js\`, \`.mjs\`, \`.json\`) in your project exports the config:

\`\`\`ts
import { defineConfig } from 'lextap/config'

export default defineConfig({
  database: 'sqlite:./.lextap/app.db',
  track: { signal: 'xyz.statusphere.status' },
})
\`\`\`

Every option may be left out. The environment wins over the file, and flags of the command line win over both; \`.env\` and
then \`.env.local\` beside the config file are read into the environment first, without replacing what is there.
Relative paths start at the config file. \`lextap config print\` shows the outcome, with secrets masked. What is wrong
is told all at once, with the option, the value, what is allowed and the name that was probably meant.

## Options

${table(
  headings,
  single.map((o) => rowOf(o.path, o.allowed)),
)}

${sections.join('\n\n')}

## Environment

The names are those of [Tap](https://github.com/bluesky-social/indigo/tree/main/cmd/tap), so that its environment can be
kept. Unknown names that begin with \`TAP_\` and names that contradict each other are reported at start.

${table(
  ['name', 'sets', 'allowed', ''],
  ENV_NAMES.map((e) => [
    [e.name, ...(e.aliases ?? [])].map((n) => `\`${n}\``).join(' or '),
    e.options.map((o) => `\`${o}\``).join(', '),
    plain(e.allowed),
    e.note ?? '',
  ]),
)}
`
}

async function cliPage(): Promise<string> {
  const parts: string[] = []
  for (const { name, load } of COMMANDS) {
    const { command } = await load()
    parts.push(...helpOf(command(), `lextap ${name}`))
  }
  return `# Commands

${NOTE}

Exit codes: 0 done · 1 you must fix something · 2 wrong usage · 75 temporary, start it again later. Results go to stdout,
logs and errors to stderr; \`--json\` makes the output of a command that reads one JSON document.

${parts.join('\n\n')}
`
}

function helpOf(command: Command, name: string): string[] {
  // A command below another has that one's name before its own.
  if (command.parent === null) command.name(name)
  command.configureHelp({ helpWidth: 110 }).helpCommand(false)
  const help = command.helpInformation().replaceAll(/^Usage: .*$/gm, (line) => line.slice('Usage: '.length))
  const own = `## \`${name}\`\n\n\`\`\`text\n${help.trim()}\n\`\`\``
  const children = command.commands.map((child) => helpOf(child, `${name} ${child.name()}`))
  return [
    command.commands.length > 0 ? `## \`${name}\`\n\n${command.description()}` : own,
    ...children.flat(),
  ]
}

const TYPES: Readonly<Record<string, string>> = {
  count: 'counter',
  gauge: 'gauge',
  time: 'histogram, seconds',
}

function metricsPage(project: Project): string {
  const found = new Map<string, { type: string; labels: Set<string>; help: string }>()
  for (const file of project.getSourceFiles()) {
    for (const call of file.getDescendantsOfKind(SyntaxKind.CallExpression)) {
      const callee = call.getExpression()
      if (!Node.isPropertyAccessExpression(callee) || !callee.getExpression().getText().endsWith('metrics'))
        continue
      const [name, help, ...rest] = call.getArguments()
      const id = textOf(name as Expression)
      const type = TYPES[callee.getName()]
      if (id === undefined || type === undefined) continue
      const known = found.get(id) ?? {
        type,
        labels: new Set<string>(),
        help: textOf(help as Expression) ?? '',
      }
      for (const label of rest.filter(Node.isObjectLiteralExpression).flatMap((o) => o.getProperties())) {
        if (Node.isPropertyAssignment(label) || Node.isShorthandPropertyAssignment(label))
          known.labels.add(label.getName())
      }
      found.set(id, known)
    }
  }
  const rows = [...found].sort(([a], [b]) => (a < b ? -1 : 1))
  return `# Metrics

${NOTE}

Prometheus metrics, served on \`/metrics\`. Labels are few and never a DID: that is in the logs.

${table(
  ['name', 'type', 'labels', 'meaning'],
  rows.map(([name, { type, labels, help }]) => [
    `\`${name}\``,
    type,
    [...labels].map((l) => `\`${l}\``).join(', '),
    help,
  ]),
)}
`
}

/** The text of a string literal, or of the constant that holds it. */
function textOf(node: Expression | undefined): string | undefined {
  if (node === undefined) return undefined
  if (Node.isStringLiteral(node) || Node.isNoSubstitutionTemplateLiteral(node)) return node.getLiteralText()
  if (!Node.isIdentifier(node)) return undefined
  const name = node.getText()
  const scopes = [...node.getAncestors()]
  for (const scope of scopes) {
    if (!Node.isStatemented(scope)) continue
    const initializer = scope.getVariableDeclaration(name)?.getInitializer()
    if (initializer !== undefined) return textOf(initializer)
  }
  return undefined
}

if (import.meta.main) {
  for (const [name, text] of await pages()) writeFileSync(join(import.meta.dirname, name), text)
}

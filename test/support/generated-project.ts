import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { RecordSchema } from '../../src/dispatch/handler.ts'
import { type CodegenResult, runCodegen } from '../../src/lexicon/codegen.ts'
import { readLexicons } from '../../src/lexicon/read.ts'

/** A folder inside the package, so that generated code finds `lextap/lex` the way an installed project does. */
const BASE = resolve(import.meta.dirname, '../../.lextap/test')

export interface Project extends Disposable {
  readonly folder: string
  readonly lexicons: string
  readonly generated: string
  readonly result: CodegenResult
  /** Imports a generated file, e.g. `index.ts`. */
  // biome-ignore lint/suspicious/noExplicitAny: what was generated a moment ago has no type yet
  load(file: string): Promise<any>
  schemas(): Promise<Readonly<Record<string, RecordSchema>>>
}

/** Writes documents to a folder of their own, generates, and removes everything when disposed of. */
export async function generateProject(docs: readonly (object & { readonly id: string })[]): Promise<Project> {
  mkdirSync(BASE, { recursive: true })
  const folder = mkdtempSync(join(BASE, 'project-'))
  const lexicons = join(folder, 'lexicons')
  mkdirSync(lexicons)
  for (const doc of docs) writeDoc(lexicons, { ...doc })
  const generated = join(folder, 'generated')
  const result = await runCodegen({ lexicons, generated, migrations: null })
  const load = (file: string) => import(pathToFileURL(join(generated, file)).href)
  return {
    folder,
    lexicons,
    generated,
    result,
    load,
    schemas: async () => (await load('handlers.ts')).schemas,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

export function writeDoc(
  folder: string,
  doc: Readonly<Record<string, unknown>> & { readonly id: string },
): void {
  const file = join(folder, `${doc.id.replaceAll('.', '/')}.json`)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, JSON.stringify(doc, null, 2))
}

/** An empty folder inside the package; remove it with the returned function. */
export function scratchFolder(): { path: string; remove: () => void } {
  mkdirSync(BASE, { recursive: true })
  const path = mkdtempSync(join(BASE, 'scratch-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** The documents of the root project. */
export function rootDocs(): { readonly id: string }[] {
  return readLexicons(resolve(import.meta.dirname, '../../lexicons')).sources.map((source) => source.doc)
}

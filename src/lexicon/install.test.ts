import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { install as lexInstall } from '@atproto/lex-installer'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { scratchFolder } from '../../test/support/generated-project.ts'
import { type Network, startNetwork, type TestRepo } from '../testing/index.ts'
import { runCodegen } from './codegen.ts'
import { addLexicons, type InstallOptions, updateLexicons } from './install.ts'
import { checkLexicons, listLexicons } from './installed.ts'
import { createLexiconNetwork, type LexiconNetwork, readProof, SCHEMA_COLLECTION } from './network.ts'

/** Lexicons of two authorities: `party.example` publishes cheers, which refer to what `base.example` has. */
const doc = (id: string, defs: object) => ({ lexicon: 1, id, defs })
const record = (properties: object, more: object = {}) => ({
  type: 'record',
  key: 'tid',
  record: { type: 'object', properties, ...more },
})
const cheer = doc('example.party.cheer', {
  main: record(
    {
      subject: { type: 'ref', ref: 'example.base.defs#subject' },
      mood: {
        type: 'string',
        maxLength: 100,
        knownValues: ['example.party.moods#happy', 'other', 'example.nowhere.moods#sad'],
      },
    },
    { required: ['subject'] },
  ),
})
const moods = doc('example.party.moods', { happy: { type: 'token' } })
const defs = doc('example.base.defs', {
  subject: { type: 'object', properties: { inner: { type: 'ref', ref: 'example.base.deep' } } },
})
const deep = doc('example.base.deep', { main: { type: 'object', properties: { n: { type: 'integer' } } } })

let scratch: ReturnType<typeof scratchFolder>
let sandbox: Network
let network: LexiconNetwork & AsyncDisposable
let party: TestRepo
let base: TestRepo
let txt: Record<string, string[]>
const lexicons = () => join(scratch.path, 'lexicons')
const manifest = () => join(scratch.path, 'lexicons.json')
const options = (more: Partial<InstallOptions> = {}): InstallOptions => ({
  lexicons: lexicons(),
  manifest: manifest(),
  network,
  ...more,
})
const publish = (repo: TestRepo, lexicon: { id: string }) =>
  repo.put('com.atproto.lexicon.schema', lexicon.id, { $type: 'com.atproto.lexicon.schema', ...lexicon })
const onDisk = (path: string) => JSON.parse(readFileSync(join(lexicons(), path), 'utf8'))
const readManifestFile = () => JSON.parse(readFileSync(manifest(), 'utf8'))

const throws = (fn: () => unknown): boolean => {
  try {
    fn()
    return false
  } catch {
    return true
  }
}

beforeEach(async () => {
  scratch = scratchFolder()
  sandbox = await startNetwork({ seed: 'lexicons' })
  party = await sandbox.createRepo({ handle: 'party.test' })
  base = await sandbox.createRepo({ handle: 'base.test', curve: 'p256' })
  for (const lexicon of [cheer, moods]) publish(party, lexicon)
  for (const lexicon of [defs, deep]) publish(base, lexicon)
  txt = {
    '_lexicon.party.example': [`did=${party.did}`, 'unrelated'],
    '_lexicon.base.example': [`did=${base.did}`],
  }
  network = createLexiconNetwork({
    plc: sandbox.plc,
    allowPrivateHosts: true,
    txt: async (name) => txt[name] ?? [],
  })
})
afterEach(async () => {
  await network[Symbol.asyncDispose]()
  await sandbox.close()
  scratch.remove()
})

describe('lexicon add', () => {
  test('installs a lexicon with all it refers to, proven, and writes the manifest', async () => {
    const result = await addLexicons(['example.party.cheer'], options())
    expect(result).toMatchObject({
      added: ['example.base.deep', 'example.base.defs', 'example.party.cheer', 'example.party.moods'],
      updated: [],
      removed: [],
    })
    // A token that is only mentioned and cannot be had is a note, no failure.
    expect(result.notes.map(({ file }) => file)).toEqual(['example.nowhere.moods'])
    expect(onDisk('example/party/cheer.json')).toEqual({ $type: 'com.atproto.lexicon.schema', ...cheer })
    const written = readManifestFile()
    expect(written.lexicons).toEqual(['example.party.cheer'])
    expect(Object.keys(written.resolutions)).toEqual(result.added)
    expect(written.resolutions['example.base.deep'].uri).toBe(
      `at://${base.did}/com.atproto.lexicon.schema/example.base.deep`,
    )
    const generated = join(scratch.path, 'generated')
    const codegen = await runCodegen({ lexicons: lexicons(), generated, migrations: null })
    expect(codegen.records).toBe(1)
  })

  test('lex install of @atproto/lex takes the folder and the manifest for its own', async () => {
    rmSync(manifest(), { force: true })
    publish(
      party,
      doc('example.party.plain', {
        main: record({ subject: { type: 'ref', ref: 'example.base.defs#subject' } }),
      }),
    )
    await addLexicons(['example.party.plain'], options())
    const before = readFileSync(manifest(), 'utf8')
    // `ci` fails when the manifest is not what it would write; all documents are there, so it needs no network.
    await lexInstall({ lexicons: lexicons(), manifest: manifest(), ci: true })
    expect(readFileSync(manifest(), 'utf8')).toBe(before)
  })

  test('a second time changes nothing, and adding another keeps the first', async () => {
    await addLexicons(['example.base.deep'], options())
    const before = readFileSync(manifest(), 'utf8')
    expect(await addLexicons(['example.base.deep'], options())).toMatchObject({
      added: [],
      unchanged: ['example.base.deep'],
    })
    expect(readFileSync(manifest(), 'utf8')).toBe(before)
    await addLexicons(['example.base.defs'], options())
    expect(readManifestFile().lexicons).toEqual(['example.base.deep', 'example.base.defs'])
  })

  test('a record is named by its URI where DNS does not help', async () => {
    txt = {}
    const uri = `at://${base.did}/com.atproto.lexicon.schema/example.base.deep`
    expect((await addLexicons([uri], options())).added).toEqual(['example.base.deep'])
    await expect(addLexicons(['at://x/y/z'], options())).rejects.toThrow(
      /not the name of a lexicon: at:\/\/x\/y\/z; give an NSID/,
    )
  })

  test('an authority that DNS does not name, or names twice, says so and what else to do', async () => {
    await expect(addLexicons(['example.unknown.thing'], options())).rejects.toThrow(
      /no authority for example\.unknown\.thing: DNS has no DID at _lexicon\.unknown\.example; .*lextap lexicon add at:\/\//,
    )
    txt['_lexicon.base.example'] = [`did=${base.did}`, `did=${party.did}`]
    await expect(addLexicons(['example.base.deep'], options())).rejects.toThrow('DNS has 2 DIDs')
    expect([existsSync(manifest()), readdirSync(lexicons())]).toEqual([false, []])
  })

  test('a lexicon that is not there, of another name, or none, is refused before anything is written', async () => {
    await expect(addLexicons(['example.base.nothing'], options())).rejects.toThrow(
      /example\.base\.nothing could not be fetched/,
    )
    base.put('com.atproto.lexicon.schema', 'example.base.liar', {
      $type: 'com.atproto.lexicon.schema',
      ...deep,
    })
    await expect(addLexicons(['example.base.liar'], options())).rejects.toThrow(
      'the record is called example.base.liar, the document example.base.deep',
    )
    publish(
      base,
      doc('example.base.broken', { main: { type: 'object', properties: { a: { type: 'strung' } } } }),
    )
    await expect(addLexicons(['example.base.broken'], options())).rejects.toThrow(
      'the type "strung" cannot stand here',
    )
    publish(
      base,
      doc('example.base.dangling', {
        main: record({ a: { type: 'ref', ref: 'example.base.deep#nothing' } }),
      }),
    )
    await expect(addLexicons(['example.base.dangling'], options())).rejects.toThrow(
      'refers to a definition that example.base.deep does not have',
    )
    publish(
      base,
      doc('example.base.needy', { main: record({ a: { type: 'ref', ref: 'example.gone.thing' } }) }),
    )
    await expect(addLexicons(['example.base.needy'], options())).rejects.toThrow(
      /^no authority for example\.gone\.thing.*; example\.base\.needy refers to it$/,
    )
    expect([existsSync(manifest()), readdirSync(lexicons())]).toEqual([false, []])
  })

  test('a proof of another repo, by another key, of another record, or with any byte wrong is none', async () => {
    publish(party, deep)
    const proofOf = async (repo: TestRepo) => {
      const params = new URLSearchParams({ did: repo.did, collection: SCHEMA_COLLECTION, rkey: deep.id })
      const [pds] = sandbox.pdses
      const answer = await fetch(`${pds?.url}/xrpc/com.atproto.sync.getRecord?${params}`)
      return new Uint8Array(await answer.arrayBuffer())
    }
    const proof = await proofOf(base)
    const key = base.key.didKey
    expect(readProof(proof, base.did, deep.id, key).document).toMatchObject(deep)
    expect(() => readProof(proof, party.did, deep.id, key)).toThrow('the proof is of another repo')
    expect(() => readProof(proof, base.did, deep.id, party.key.didKey)).toThrow('the signature is wrong')
    expect(() => readProof(proof, base.did, 'example.base.other', key)).toThrow(/no such lexicon|incomplete/)
    for (let i = 0; i < proof.length; i++) {
      const flipped = Uint8Array.from(proof)
      flipped[i] = (flipped[i] as number) ^ (1 << (i % 8))
      expect([i, () => readProof(flipped, base.did, deep.id, key)]).toEqual([i, expect.toSatisfy(throws)])
    }
    for (let end = 0; end < proof.length; end += 7)
      expect(() => readProof(proof.slice(0, end), base.did, deep.id, key)).toThrow()
  })

  test('a document that cannot be read, or another one, in its place is not overwritten either', async () => {
    const path = join(lexicons(), 'example/base/deep.json')
    mkdirSync(dirname(path), { recursive: true })
    for (const text of [
      '{ "half": "writ',
      JSON.stringify({ lexicon: 1, id: 'example.base.other', defs: {} }),
    ]) {
      writeFileSync(path, text)
      await expect(addLexicons(['example.base.defs'], options())).rejects.toThrow(
        /deep\.json is no lexicon of that name, and example\.base\.deep belongs there; .*--force/,
      )
      expect(readFileSync(path, 'utf8')).toBe(text)
    }
    expect([existsSync(manifest()), readdirSync(dirname(path))]).toEqual([false, ['deep.json']])
    expect((await addLexicons(['example.base.deep'], options({ force: true }))).added).toEqual([deep.id])
    // Broken by hand after it was installed.
    writeFileSync(path, '{')
    await expect(updateLexicons([], options())).rejects.toThrow('is no lexicon of that name')
    expect(readFileSync(path, 'utf8')).toBe('{')
  })

  test('where a file cannot be written, none is', async () => {
    mkdirSync(join(lexicons(), 'example/base/deep.json'), { recursive: true })
    await expect(addLexicons(['example.base.defs'], options())).rejects.toThrow(
      /deep\.json cannot be written/,
    )
    expect(readdirSync(join(lexicons(), 'example/base'))).toEqual(['deep.json'])
    rmSync(join(lexicons(), 'example'), { recursive: true })
    writeFileSync(join(lexicons(), 'example'), 'a file where a folder belongs')
    await expect(addLexicons(['example.base.deep'], options({ force: true }))).rejects.toThrow(
      /deep\.json cannot be written/,
    )
    expect([existsSync(manifest()), readdirSync(lexicons())]).toEqual([false, ['example']])
  })

  test('your own document is not overwritten, unless told to', async () => {
    await addLexicons(['example.base.deep'], options())
    rmSync(manifest())
    writeFileSync(
      join(lexicons(), 'example/base/deep.json'),
      JSON.stringify({ ...deep, description: 'mine' }),
    )
    await expect(addLexicons(['example.base.deep'], options())).rejects.toThrow(
      /deep\.json differs from what is published; move it away, or overwrite it with --force/,
    )
    expect(onDisk('example/base/deep.json').description).toBe('mine')
    expect((await addLexicons(['example.base.deep'], options({ force: true }))).updated).toEqual([
      'example.base.deep',
    ])
    expect(onDisk('example/base/deep.json').description).toBeUndefined()
  })
})

describe('lexicon update, list and check', () => {
  test('an update fetches what changed, tells what that breaks, and drops what nothing needs any more', async () => {
    await addLexicons(['example.party.cheer'], options())
    publish(
      party,
      doc('example.party.cheer', {
        main: record({ mood: { type: 'string', maxLength: 10 } }, { required: ['mood'] }),
      }),
    )
    const result = await updateLexicons([], options())
    expect(result).toMatchObject({
      updated: ['example.party.cheer'],
      removed: ['example.base.deep', 'example.base.defs', 'example.party.moods'],
    })
    expect(result.changes.map(({ kind, path, message }) => `${kind} ${path}: ${message}`)).toEqual([
      'breaking defs.main.record.properties.subject: the property is gone',
      'breaking defs.main.record.properties.mood: required now, was not',
      'breaking defs.main.record.properties.mood.maxLength: 10 now, was 100',
    ])
    expect(existsSync(join(lexicons(), 'example/base/deep.json'))).toBe(false)
    expect(Object.keys(readManifestFile().resolutions)).toEqual(['example.party.cheer'])
    await expect(updateLexicons(['example.base.deep'], options())).rejects.toThrow(
      'not installed from the network; installed: example.party.cheer',
    )
  })

  test('list tells where each one is from and what was changed by hand', async () => {
    await addLexicons(['example.party.cheer'], options())
    writeFileSync(
      join(lexicons(), 'example/base/deep.json'),
      JSON.stringify({ ...deep, description: 'mine' }),
    )
    writeFileSync(
      join(lexicons(), 'example/own.json'),
      JSON.stringify(doc('com.example.own', { main: record({}) })),
    )
    rmSync(join(lexicons(), 'example/party/moods.json'))
    expect(listLexicons(options()).map(({ nsid, type, state, root }) => [nsid, type, state, root])).toEqual([
      ['com.example.own', 'record', 'own', false],
      ['example.base.deep', 'object', 'changed', false],
      ['example.base.defs', 'defs', 'installed', false],
      ['example.party.cheer', 'record', 'installed', true],
      ['example.party.moods', null, 'missing', false],
    ])
  })

  test('check lints your own, and compares with what is published in both directions', async () => {
    await addLexicons(['example.party.cheer'], options())
    publish(base, doc('example.base.deep', { main: { type: 'object', properties: {} } }))
    // Your own, published before, about to lose a field.
    txt['_lexicon.mine.example'] = [`did=${party.did}`]
    publish(
      party,
      doc('example.mine.note', { main: record({ text: { type: 'string' }, gone: { type: 'string' } }) }),
    )
    rmSync(join(lexicons(), 'note.json'), { force: true })
    writeFileSync(
      join(lexicons(), 'note.json'),
      JSON.stringify(doc('example.mine.note', { main: record({ text: { type: 'string' } }) })),
    )
    const { problems, changes } = await checkLexicons(options(), network)
    expect(problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      'defs.main.record.properties.text: a string of any length',
    ])
    expect(changes.map(({ by, nsid, path, message }) => `${by} ${nsid} ${path}: ${message}`)).toEqual([
      'update example.base.deep defs.main.properties.n: the property is gone',
      'publishing example.mine.note defs.main.record.properties.gone: the property is gone',
    ])
    expect((await checkLexicons(options(), null)).changes).toEqual([])
  })

  test('a manifest that is none says where and what to do', async () => {
    writeFileSync(manifest(), '{"version":2}')
    expect(() => listLexicons({ lexicons: scratch.path, manifest: manifest() })).toThrow(
      /not a lexicon manifest: the version must be 1; file=.*correct it, or delete it/,
    )
  })
})

import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { generateProject, scratchFolder, writeDoc } from '../../test/support/generated-project.ts'
import { EVIL, oddDocuments } from '../../test/support/odd-lexicons.ts'
import { LexiconError, runCodegen } from './codegen.ts'

let scratch: ReturnType<typeof scratchFolder>
beforeEach(() => {
  scratch = scratchFolder()
})
afterEach(() => scratch.remove())

const lexicons = () => join(scratch.path, 'lexicons')
const generated = () => join(scratch.path, 'generated')
const generate = () => runCodegen({ lexicons: lexicons(), generated: generated(), migrations: null })

function file(path: string, text: string): void {
  mkdirSync(dirname(join(lexicons(), path)), { recursive: true })
  writeFileSync(join(lexicons(), path), text)
}
const record = (properties: object, more: object = {}) => ({
  type: 'record',
  key: 'tid',
  record: { type: 'object', properties, ...more },
})
const doc = (id: string, defs: object) => ({ lexicon: 1, id, defs })

/** `file › path: message → fix` of every error; nothing may have been written. */
async function errors(): Promise<string[]> {
  const error = await generate().then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(existsSync(generated())).toBe(false)
  if (!(error instanceof LexiconError)) throw error ?? new Error('no error')
  const list = error.problems.filter((problem) => problem.severity === 'error')
  for (const { fix, message } of list)
    expect([fix, message]).toEqual([expect.stringMatching(/\w/), expect.stringMatching(/\w/)])
  return list.map((problem) => `${problem.file.split('/lexicons/')[1]} › ${problem.path}: ${problem.message}`)
}

describe('documents that cannot be used', () => {
  test('broken JSON names the file and the place', async () => {
    file('a/b/c.json', '{ "lexicon": 1, "id": "a.b.c", ')
    expect(await errors()).toEqual([expect.stringMatching(/^a\/b\/c\.json › : not JSON: .*JSON/)])
  })
  test('JSON that is no document', async () => {
    file('a.json', '[]')
    file('b.json', 'null')
    file('c.json', '"text"')
    expect(await errors()).toEqual([
      'a.json › : a lexicon document is an object, this is a list',
      'b.json › : a lexicon document is an object, this is null',
      'c.json › : a lexicon document is an object, this is a string',
    ])
  })
  test('an id that is not where the file is', async () => {
    file('app/bsky/feed/post.json', JSON.stringify(doc('app.bsky.feed.like', { main: record({}) })))
    expect(await errors()).toEqual([
      "app/bsky/feed/post.json › id: the file's path says app.bsky.feed.post, the document says app.bsky.feed.like",
    ])
  })
  test('references that lead nowhere say what to install, or what there is', async () => {
    writeDoc(
      lexicons(),
      doc('a.b.c', {
        main: record({ x: { type: 'ref', ref: 'd.e.f#g' }, y: { type: 'union', refs: ['#nothing'] } }),
      }),
    )
    expect(await errors()).toEqual([
      'a/b/c.json › defs.main.record.properties.x.ref: d.e.f#g refers to d.e.f, which is not installed',
      'a/b/c.json › defs.main.record.properties.y.refs[0]: #nothing refers to a definition that a.b.c does not have',
    ])
    await expect(generate()).rejects.toThrow('lextap lexicon add d.e.f')
  })
  test('references to what is no value', async () => {
    writeDoc(
      lexicons(),
      doc('a.b.c', {
        main: { type: 'query' },
        o: { type: 'object', properties: { q: { type: 'ref', ref: 'a.b.c' } } },
      }),
    )
    writeDoc(
      lexicons(),
      doc('a.b.d', { main: record({ u: { type: 'union', refs: ['#token'] } }), token: { type: 'token' } }),
    )
    expect(await errors()).toEqual([
      'a/b/c.json › defs.o.properties.q.ref: a.b.c is a query, which is no value',
      'a/b/d.json › defs.main.record.properties.u.refs[0]: #token is a token; members of unions carry a $type',
    ])
  })
  test('names that clash, in one document, among documents, and on file systems without case', async () => {
    writeDoc(
      lexicons(),
      doc('a.b.c', {
        foo: { type: 'token' },
        Foo: { type: 'token' },
        'f-oo': { type: 'token' },
        fOo: { type: 'token' },
      }),
    )
    writeDoc(lexicons(), doc('a.b.clash', { main: record({}) }))
    file('other/a.b.clash.json', JSON.stringify(doc('a.b.clash', { main: record({}) })))
    file('other/a.b.Clash.json', JSON.stringify(doc('a.b.Clash', { main: record({}) })))
    writeDoc(lexicons(), doc('my-site.b.x', { main: record({}) }))
    writeDoc(lexicons(), doc('mySite.b.x', { main: record({}) }))
    writeDoc(lexicons(), doc('a.b.parent', { child: { type: 'token' } }))
    writeDoc(lexicons(), doc('a.b.parent.child', { main: record({}) }))
    const found = await errors()
    expect(found).toContain('a/b/c.json › defs.Foo: Foo and foo would both become the type Foo')
    expect(found).toContain('a/b/c.json › defs.fOo: fOo and f-oo would both become the type FOo')
    expect(
      found.filter((line) => /is also defined in|differs from it in case alone/.test(line)),
    ).toHaveLength(2)
    expect(found.join('\n')).toContain('mySite and my-site would both become the namespace mySite')
    expect(found).toContain(
      'a/b/parent.json › defs.child: the definition child and the lexicon a.b.parent.child would get the same name',
    )
  })
  test('cycles without an exit', async () => {
    writeDoc(
      lexicons(),
      doc('a.b.c', {
        main: record({ x: { type: 'ref', ref: '#one' } }),
        one: { type: 'object', required: ['two'], properties: { two: { type: 'ref', ref: '#two' } } },
        two: {
          type: 'object',
          required: ['ones'],
          properties: { ones: { type: 'array', minLength: 1, items: { type: 'ref', ref: '#one' } } },
        },
        fine: {
          type: 'object',
          required: ['next'],
          nullable: ['next'],
          properties: { next: { type: 'ref', ref: '#fine' } },
        },
        closed: {
          type: 'object',
          required: ['u'],
          properties: { u: { type: 'union', closed: true, refs: ['#closed'] } },
        },
        open: { type: 'object', required: ['u'], properties: { u: { type: 'union', refs: ['#open'] } } },
      }),
    )
    expect(await errors()).toEqual(
      ['one', 'two', 'closed'].map(
        (name) =>
          `a/b/c.json › defs.${name}: nothing can ever satisfy a.b.c#${name}: it requires itself without an exit`,
      ),
    )
  })
  test('limits that are none', async () => {
    file(
      'a/b/c.json',
      '{"lexicon":1,"id":"a.b.c","defs":{"main":{"type":"record","record":{"type":"object","properties":{"a":{"type":"string","maxLength":1e400,"minLength":-1},"b":{"type":"integer","minimum":9007199254740993},"c":{"type":"array","items":{"type":"string"},"minLength":5,"maxLength":2},"d":{"type":"bytes","maxLength":1.5},"e":{"type":"blob","maxSize":"big"}}}}}}',
    )
    expect(await errors()).toEqual([
      expect.stringContaining('properties.a.minLength: must be an integer from 0 to 2^53, it is -1'),
      expect.stringContaining('properties.a.maxLength: must be an integer from 0 to 2^53'),
      expect.stringContaining('properties.b.minimum: must be an integer below 2^53'),
      expect.stringContaining('properties.c.minLength: minLength 5 is more than maxLength 2'),
      expect.stringContaining('properties.d.maxLength: must be an integer from 0 to 2^53, it is 1.5'),
      expect.stringContaining('properties.e.maxSize: must be an integer from 0 to 2^53, it is "big"'),
    ])
  })
  test('prototype keys, wherever names stand', async () => {
    file(
      'a/b/c.json',
      '{"lexicon":1,"id":"a.b.c","__proto__":{"x":1},"defs":{"__proto__":{"type":"token"},"main":{"type":"record","record":{"type":"object","required":["__proto__"],"properties":{"__proto__":{"type":"string"}}}}}}',
    )
    expect(await errors()).toEqual([
      'a/b/c.json › defs.__proto__: "__proto__" cannot name a definition',
      'a/b/c.json › defs.main.record.properties.__proto__: a property cannot be called __proto__',
    ])
  })
  test('wrong types everywhere', async () => {
    writeDoc(
      lexicons(),
      doc('a.b.c', {
        main: record(
          {
            a: 5,
            b: { type: 'strung' },
            c: { type: 'string', format: 'email' },
            d: { type: 'array' },
            e: { type: 'union', refs: 'x' },
            f: { type: 'ref' },
          },
          { required: 'a' },
        ),
        query: { type: 'query' },
        ref: { type: 'ref', ref: '#main' },
        nothing: null,
      }),
    )
    writeDoc(lexicons(), {
      ...doc('a.b.d', { main: { type: 'procedure', input: {}, parameters: { type: 'object' } } }),
      description: 5,
    } as never)
    const found = await errors()
    expect(found.map((line) => line.split(': ')[0])).toEqual([
      'a/b/c.json › defs.main.record.properties.a',
      'a/b/c.json › defs.main.record.properties.b.type',
      'a/b/c.json › defs.main.record.properties.c.format',
      'a/b/c.json › defs.main.record.properties.d.items',
      'a/b/c.json › defs.main.record.properties.e.refs',
      'a/b/c.json › defs.main.record.properties.f.ref',
      'a/b/c.json › defs.main.record.required',
      'a/b/c.json › defs.query',
      'a/b/c.json › defs.ref.type',
      'a/b/c.json › defs.nothing',
      'a/b/d.json › description',
      'a/b/d.json › defs.main.parameters',
      'a/b/d.json › defs.main.input',
    ])
  })
  test('descriptions that are none, also where a body or parameters have them', async () => {
    const body = { encoding: 'a/b', description: 5 }
    const parameters = { type: 'params', description: [] }
    writeDoc(lexicons(), doc('a.b.c', { main: { type: 'procedure', parameters, input: body, output: body } }))
    expect(await errors()).toEqual([
      'a/b/c.json › defs.main.parameters.description: must be a string, it is a list',
      'a/b/c.json › defs.main.input.description: must be a string, it is 5',
      'a/b/c.json › defs.main.output.description: must be a string, it is 5',
    ])
  })
  test('references that could name nothing do not ask to install it', async () => {
    const refs = ['', '#', 'a.b.d#', 'not an nsid', 'a.b']
    writeDoc(lexicons(), doc('a.b.c', { main: record({ x: { type: 'union', refs } }) }))
    expect(await errors()).toEqual(
      refs.map(
        (ref, i) =>
          `a/b/c.json › defs.main.record.properties.x.refs[${i}]: ${JSON.stringify(ref)} is no reference`,
      ),
    )
  })
  test('references to definitions of a type of the future', async () => {
    const later = { type: 'hologram' }
    writeDoc(lexicons(), doc('a.b.c', { main: record({ x: { type: 'ref', ref: '#later' } }), later }))
    expect(await errors()).toEqual([
      'a/b/c.json › defs.main.record.properties.x.ref: #later is of a type lextap does not know, and was passed over',
    ])
  })
  test('text that is not UTF-8', async () => {
    file('a/b/c.json', '')
    const text = JSON.stringify(doc('a.b.c', { main: record({ x: { type: 'string', const: 'café' } }) }))
    writeFileSync(join(lexicons(), 'a/b/c.json'), Buffer.from(text, 'latin1'))
    expect(await errors()).toEqual(['a/b/c.json › : not UTF-8'])
  })
  test('definitions nested without end', async () => {
    const deep = `${'{"type":"object","properties":{"a":'.repeat(5000)}{"type":"string"}${'}}'.repeat(5000)}`
    file(
      'a/b/c.json',
      `{"lexicon":1,"id":"a.b.c","defs":{"main":{"type":"record","record":{"type":"object","properties":{"a":${deep}}}}}}`,
    )
    expect(await errors()).toEqual([expect.stringMatching(/nested deeper than 32/)])
  })
  test('a folder that is not there is a question of the config', async () => {
    await expect(generate()).rejects.toThrow(/lexicon folder cannot be read; folder=.*set `lexicons`/)
  })
})

test('what is in the way of the output is told before anything is written', async () => {
  writeDoc(lexicons(), doc('a.b.c', { main: record({}) }))
  mkdirSync(generated())
  writeFileSync(join(generated(), 'a'), 'a file where a folder belongs')
  await expect(generate()).rejects.toThrow(/that lextap did not write is in the way; file=.*generated\/a\//)
  expect(readdirSync(generated())).toEqual(['a'])
  const other = join(scratch.path, 'other')
  mkdirSync(join(other, 'a/b/c.ts'), { recursive: true })
  await expect(runCodegen({ lexicons: lexicons(), generated: other, migrations: null })).rejects.toThrow(
    /in the way; file=.*other\/a\/b\/c\.ts/,
  )
  expect(readdirSync(other)).toEqual(['a'])
})

test('a link to nothing is passed over, and a folder that holds itself is read once', async () => {
  writeDoc(lexicons(), doc('a.b.c', { main: record({}) }))
  symlinkSync('user@host.123', join(lexicons(), 'a/b/.#c.json'))
  symlinkSync('..', join(lexicons(), 'a/up'))
  file('node_modules/some/package.json', '{}')
  symlinkSync('.', join(lexicons(), 'a/here'))
  expect((await generate()).documents).toBe(1)
})

describe('documents that are odd and fine', () => {
  test('definitions may be called as what the code uses; objects without a definition are filled in', async () => {
    using project = await generateProject(oddDocuments)
    const { 'a.b.taken': taken } = await project.schemas()
    const parse = (fields: object) => taken?.$safeParse({ $type: 'a.b.taken', ...fields })
    const value = (fields: object) => ({ success: true, value: { $type: 'a.b.taken', ...fields } })
    expect(parse({ l: {}, list: [{ of: [1] }], n: 0 })).toEqual(
      value({ l: { loud: true }, list: [{ of: [1] }], n: 0 }),
    )
    expect(parse({ inner: { loud: {} } })).toEqual(value({ inner: { b: 5, loud: { loud: true } } }))
    expect(parse({ inner: null, rows: null })).toEqual(value({ inner: null, rows: null }))
    expect(parse({ one: { $type: 'a.b.taken#l' } })).toEqual(
      value({ one: { $type: 'a.b.taken#l', loud: true } }),
    )
    for (const $type of ['toString', 'a.b.other'])
      expect(parse({ one: { $type } })).toEqual(value({ one: { $type } }))
    expect(parse({ never: { $type: 'a.b.c' } })).toMatchObject({ issues: [{ rule: 'union' }] })
    expect(parse({ list: [{ of: [1.5] }] })).toMatchObject({ issues: [{ path: ['list', 0, 'of', 0] }] })
    const space = await project.load('index.ts')
    expect(space.a.b.taken.l.$matches({ loud: 1 })).toBe(false)
    expect(space.a.b.taken.never.$matches({ u: { $type: 'a.b.c' } })).toBe(false)
  })
  test('non-Latin text, quotes, comment ends and line separators come through', async () => {
    using project = await generateProject(oddDocuments)
    const { 'a.b.c': schema, 'in.new.index': index, 'a.b.globals': globals } = await project.schemas()
    const value = {
      $type: 'a.b.c',
      größe: 1,
      "it's": EVIL.toWellFormed(),
      'a b': 'x\ny',
      '': true,
      NewIndex: { $type: 'in.new.index' },
      $checkMain: { v: 'a' },
      Number: 1,
      undefined: 2,
      field: [[1], [2, 3]],
      item: [{}],
    }
    expect(schema?.$safeParse(value)).toEqual({ success: true, value: { ...value, 日本: '\u2028' } })
    expect(schema?.$safeParse({ ...value, größe: 0 })).toMatchObject({
      issues: [{ path: ['größe'], rule: 'minimum' }],
    })
    expect(schema?.$safeParse({ ...value, "it's": 'c' }).success).toBe(false)
    expect(
      index?.$safeParse({ $type: 'in.new.index', x: { v: 'a', c: true, l: { $bytes: '' } } }).success,
    ).toBe(true)
    const tokens = { $type: 'a.b.globals', n: 1, list: ['a.b.globals#number'] }
    expect(globals?.$safeParse(tokens)).toEqual({ success: true, value: tokens })
    expect(globals?.$safeParse({ ...tokens, list: ['number'] }).success).toBe(false)
    const space = await project.load('index.ts')
    expect([space.a.b.globals.Number, space.a.b.globals.Array]).toEqual([
      'a.b.globals#number',
      'a.b.globals#array',
    ])
    expect([
      space.cn['8'].lex.$nsid,
      space.cn['8']['9'].lex.$nsid,
      space.cn['8'].lex['7'].below.$nsid,
    ]).toEqual(['cn.8.lex', 'cn.8.9.lex', 'cn.8.lex.7.below'])
    expect(space.in.new.index.$nsid).toBe('in.new.index')
    expect(space.a.b.c.default.$matches({ v: 'x' })).toBe(true)
    expect(space.a.b.c.delete.$type).toBe('a.b.c#delete')
  })
  test('types of the future and permission sets are passed over with a note', async () => {
    using project = await generateProject([
      doc('a.b.c', { main: record({}), later: { type: 'hologram' } }),
      doc('a.b.perms', { main: { type: 'permission-set', permissions: [] } }),
    ])
    expect(project.result.notes.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      'defs.later.type: definitions of type "hologram" are passed over',
      'defs.main: permission sets are passed over',
    ])
  })
  test('a lexicon may live below another', async () => {
    using project = await generateProject([
      doc('a.b.c', { main: record({}), d: { type: 'token' } }),
      doc('a.b.c.e.f', { main: record({}) }),
    ])
    const space = await project.load('index.ts')
    expect([space.a.b.c.$nsid, space.a.b.c.e.f.$nsid]).toEqual(['a.b.c', 'a.b.c.e.f'])
  })
  test('a chain of ten thousand definitions, and no lexicons at all', async () => {
    const defs = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, i) => [
        `d${i}`,
        {
          type: 'object',
          required: i === 9999 ? [] : ['next'],
          properties: i === 9999 ? {} : { next: { type: 'ref', ref: `#d${i + 1}` } },
        },
      ]),
    )
    using long = await generateProject([doc('a.b.c', defs)])
    expect(long.result.written).toContain('a/b/c.ts')
    using empty = await generateProject([])
    expect(readdirSync(empty.generated).sort()).toEqual([
      'database.ts',
      'handlers.ts',
      'index.ts',
      'lexicons.ts',
    ])
    expect(await empty.schemas()).toEqual({})
  })
})

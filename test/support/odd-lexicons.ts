const record = (properties: object, more: object = {}) => ({
  type: 'record',
  key: 'tid',
  record: { type: 'object', properties, ...more },
})
const doc = (id: string, defs: object) => ({ lexicon: 1, id, defs })

/** Text that would end a comment, a string or a template, were it not escaped. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: it must not be taken for a placeholder
export const EVIL: string = 'a */ b ` ${x} \\ " \' \u2028 \u2029 \0 日本語 🙂 </script> \ud800'
const evil = EVIL

/** Lexicons that are fine and ask much of a generator: odd text and names everywhere. */
export const oddDocuments: readonly { readonly id: string }[] = [
  doc('a.b.c', {
    main: {
      ...record(
        {
          größe: { type: 'integer', minimum: 1, description: evil },
          "it's": {
            type: 'string',
            enum: [evil.toWellFormed(), 'b', `) return ${'x'.repeat(120)}`],
            description: 'DEPRECATED: gone */',
          },
          'a b': { type: 'string', const: 'x\ny' },
          '': { type: 'boolean' },
          // Names that could hide an import, a function or a global of the generated file.
          NewIndex: { type: 'ref', ref: 'in.new.index' },
          $checkMain: { type: 'ref', ref: 'a.b.c#default' },
          Number: { type: 'integer', minimum: 1 },
          undefined: { type: 'integer' },
          field: { type: 'array', items: { type: 'array', items: { type: 'integer' } } },
          item: { type: 'array', items: { type: 'ref', ref: '#delete' } },
          class: { type: 'string', knownValues: [evil] },
          日本: { type: 'string', default: '\u2028' },
        },
        { required: ['größe'] },
      ),
      description: evil,
    },
    default: {
      type: 'object',
      description: evil,
      properties: { v: { type: 'string' }, c: { type: 'boolean' }, l: { type: 'bytes' } },
    },
    delete: { type: 'object', properties: {} },
    string: { type: 'string' },
    array: { type: 'array', items: { type: 'ref', ref: '#string' } },
    record: { type: 'object', properties: { object: { type: 'ref', ref: '#object' } } },
    object: { type: 'object', properties: { array: { type: 'ref', ref: '#array' } } },
  }),
  // Tokens become constants with a capital letter, as globals are.
  doc('a.b.globals', {
    main: record({
      n: { type: 'integer', minimum: 0 },
      list: { type: 'array', items: { type: 'ref', ref: '#number' } },
    }),
    number: { type: 'token' },
    array: { type: 'token' },
    object: { type: 'token' },
    string: { type: 'token' },
    infinity: { type: 'token' },
  }),
  // Definitions that are called as what the code around them uses, and objects without a definition of their own.
  doc('a.b.taken', {
    main: record(
      {
        l: { type: 'ref', ref: '#l' },
        list: { type: 'array', maxLength: 3, items: { type: 'ref', ref: '#Array' } },
        n: { type: 'integer', minimum: 0 },
        inner: {
          type: 'object',
          required: ['b'],
          properties: {
            a: { type: 'string', description: 'Said in the editor.' },
            b: { type: 'integer', default: 5 },
            c: { type: 'object' },
            loud: { type: 'ref', ref: '#l' },
          },
        },
        // The check of it needs no options, although a field is called as they are.
        rows: {
          type: 'array',
          items: { type: 'array', items: { type: 'object', properties: { of: { type: 'object' } } } },
        },
        empty: { type: 'array', items: { type: 'object' } },
        wide: {
          type: 'object',
          properties: Object.fromEntries(
            ['first', 'second', 'third', 'fo-urth', 'fifth', 'sixth'].map((name) => [
              name,
              { type: 'string', description: `The ${name} of many.` },
            ]),
          ),
        },
        never: { type: 'union', closed: true, refs: [] },
        one: { type: 'union', refs: ['#l', '#Array'] },
      },
      { nullable: ['inner', 'rows'] },
    ),
    l: { type: 'object', properties: { loud: { type: 'boolean', default: true } } },
    Array: { type: 'object', properties: { of: { type: 'array', items: { type: 'integer' } } } },
    Number: { type: 'object', properties: { n: { type: 'integer', maximum: 9 } } },
    never: {
      type: 'object',
      required: ['u'],
      properties: { u: { type: 'union', closed: true, refs: [] } },
    },
    options: { type: 'array', items: { type: 'object', properties: { c: { type: 'boolean' } } } },
  }),
  doc('a.b.bytes', {
    main: { type: 'query', output: { encoding: '*/*' } },
    uint8Array: { type: 'object', properties: { length: { type: 'string' } } },
  }),
  doc('a.uint8.array', { main: { type: 'object', properties: {} } }),
  doc('a.b.ofBytes', {
    main: { type: 'procedure', input: { encoding: '*/*' } },
    of: { type: 'object', properties: { bytes: { type: 'ref', ref: 'a.uint8.array' } } },
  }),
  // Segments that begin with a digit: valid, and no identifiers.
  doc('cn.8.lex', { main: record({ x: { type: 'ref', ref: 'cn.8.9.lex' } }), part: { type: 'token' } }),
  doc('cn.8.9.lex', { main: record({ x: { type: 'ref', ref: 'cn.8.lex#part' } }) }),
  doc('cn.8.lex.7.below', { main: record({}) }),
  doc('a.b.filled', {
    main: record(
      {
        must: { type: 'string', default: 'a' },
        'al-so': { type: 'integer', default: 1 },
        other: { type: 'integer' },
      },
      { required: ['must', 'al-so', 'other'] },
    ),
    part: {
      type: 'object',
      required: ['toString'],
      properties: { toString: { type: 'boolean', default: true } },
    },
  }),
  doc('in.new.index', { main: record({ x: { type: 'ref', ref: 'a.b.c#default' } }) }),
]

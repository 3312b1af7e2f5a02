import { expect, test } from 'vitest'
import { docLines } from './doc-lines.ts'
import type { LexDef, LexDoc } from './document.ts'
import { generateModule } from './generate-module.ts'
import { Lexicons } from './lexicons.ts'
import { Recursion } from './recursion.ts'

function generate(...docs: object[]): string {
  const sources = (docs as LexDoc[]).map((doc) => ({
    doc,
    file: `${doc.id}.json`,
    path: `${doc.id}.json`,
    fingerprint: '',
  }))
  const lexicons = new Lexicons(sources)
  return generateModule((docs as LexDoc[])[0] as LexDoc, lexicons, new Recursion(lexicons), [])
}

test('a lexicon becomes a file one likes to read', () => {
  const text = generate(
    {
      lexicon: 1,
      id: 'com.example.pet.visit',
      description: 'Visits of pets.',
      defs: {
        main: {
          type: 'record',
          key: 'tid',
          description: 'A visit.',
          record: {
            type: 'object',
            required: ['pet', 'mood'],
            nullable: ['note'],
            properties: {
              pet: { type: 'ref', ref: 'com.example.pet.defs#pet' },
              mood: { type: 'string', knownValues: ['happy', 'sad'], maxLength: 30 },
              note: { type: 'string', description: 'DEPRECATED: say it aloud.' },
              with: { type: 'array', maxLength: 2, items: { type: 'union', refs: ['#friend'] } },
            },
          },
        },
        friend: { type: 'object', properties: { loud: { type: 'boolean', default: false } } },
        barking: { type: 'token', description: 'A way to speak.' },
      },
    },
    { lexicon: 1, id: 'com.example.pet.defs', defs: { pet: { type: 'object', properties: {} } } },
  )
  expect(text).toBe(`// Written by \`lextap codegen\`. Do not edit.

import * as l from 'lextap/lex'
import * as PetDefs from './defs.ts'

/** Visits of pets. */
export const $nsid = 'com.example.pet.visit'
export const $type = 'com.example.pet.visit'

/** A visit. */
export interface Main {
  $type: 'com.example.pet.visit'
  pet: PetDefs.Pet
  /** At most 30 bytes. */
  mood: 'happy' | 'sad' | l.UnknownString
  /** @deprecated say it aloud. */
  note?: string | null
  /** At most 2 items. */
  with?: (l.$Typed<Friend> | l.Unknown$TypedObject)[]
}

/** @internal */
export function $checkMain(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Main>(v)) return l.notType('object', v)
  if (v.$type !== $nsid) return l.fault('$type', $nsid, v.$type, '$type')
  const pet = v.pet
  const petFault = PetDefs.$checkPet(pet, c)
  if (petFault !== undefined) return l.at(petFault, 'pet')
  const mood = v.mood
  if (typeof mood !== 'string' || !mood.isWellFormed()) return l.notType('string', mood, 'mood')
  if (mood.length > 10 && l.utf8Length(mood) > 30)
    return l.outOf('maxLength', 'at most 30 bytes', l.utf8Length(mood), 'mood')
  const note = v.note
  if (note !== undefined && note !== null) {
    if (typeof note !== 'string' || !note.isWellFormed()) return l.notType('string', note, 'note')
  }
  const with_ = v.with
  if (with_ !== undefined) {
    if (!Array.isArray(with_)) return l.notType('array', with_, 'with')
    if (with_.length > 2) return l.outOf('maxLength', 'at most 2 items', with_.length, 'with')
    for (let i = 0; i < with_.length; i++) {
      const item: unknown = with_[i]
      if (!l.isTyped(item)) return l.notType('an object with $type', item, 'with', i)
      let itemFault: l.Fault | undefined
      switch (item.$type) {
        case 'com.example.pet.visit#friend':
          itemFault = $checkFriend(item, c)
          break
        default:
          itemFault = l.openMember(item)
      }
      if (itemFault !== undefined) return l.at(itemFault, 'with', i)
    }
  }
  return undefined
}

/** @internal */
export function $fillMain(v: Main): Main {
  let out = v
  if (v.with !== undefined)
    out = l.replace(
      out,
      'with',
      l.replaceItems(v.with, l.memberFill({ 'com.example.pet.visit#friend': $fillFriend })),
    )
  return out
}

/** A visit. */
export const main: l.RecordSchema<Main, 'com.example.pet.visit'> = /*#__PURE__*/ l.record(
  $nsid,
  'tid',
  $checkMain,
  $fillMain,
)

export const $build: typeof main.$build = /*#__PURE__*/ l.get(main, '$build')
export const $matches: typeof main.$matches = /*#__PURE__*/ l.get(main, '$matches')
export const $parse: typeof main.$parse = /*#__PURE__*/ l.get(main, '$parse')
export const $safeParse: typeof main.$safeParse = /*#__PURE__*/ l.get(main, '$safeParse')
export const $validate: typeof main.$validate = /*#__PURE__*/ l.get(main, '$validate')
export const $safeValidate: typeof main.$safeValidate = /*#__PURE__*/ l.get(main, '$safeValidate')

export interface Friend {
  $type?: 'com.example.pet.visit#friend'
  /** Default false. */
  loud?: boolean
}

/** @internal */
export function $checkFriend(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<Friend>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'com.example.pet.visit#friend')
    return l.fault('$type', 'com.example.pet.visit#friend', v.$type, '$type')
  const loud = v.loud
  if (loud !== undefined) {
    if (typeof loud !== 'boolean') return l.notType('boolean', loud, 'loud')
  }
  return undefined
}

/** @internal */
export function $fillFriend(v: Friend): Friend {
  let out = v
  if (v.loud === undefined) out = l.replace(out, 'loud', false)
  return out
}

export const friend: l.ObjectSchema<Friend, 'com.example.pet.visit#friend'> = /*#__PURE__*/ l.object(
  'com.example.pet.visit#friend',
  $checkFriend,
  $fillFriend,
)

/** A way to speak. */
export const Barking = 'com.example.pet.visit#barking'
export type Barking = typeof Barking
`)
})

test('queries, procedures and subscriptions give their types, and import nothing at run time', () => {
  const object = {
    type: 'object',
    required: ['n'],
    properties: { n: { type: 'integer', minimum: 1, default: 2 } },
  }
  const body = { encoding: 'application/json', schema: object }
  const text = generate({
    lexicon: 1,
    id: 'com.example.doIt',
    defs: {
      main: {
        type: 'procedure',
        parameters: { type: 'params', properties: { limit: { type: 'integer', maximum: 9 } } },
        input: body,
        output: { encoding: 'application/octet-stream' },
      },
    },
  })
  expect(text).toContain("export const $lxm = 'com.example.doIt'")
  expect(text).toContain('export interface $Params {\n  /** At most 9. */\n  limit?: number\n}')
  expect(text).toContain(
    '/** Encoding application/json. */\nexport interface $InputBody {\n  /** At least 1, default 2. */\n  n: number\n}',
  )
  expect(text).toContain('export type $OutputBody = Uint8Array')
  expect(text).not.toContain('import')
  const message = { schema: { type: 'union', refs: ['#ping'] } }
  const defs = { main: { type: 'subscription', message }, ping: { type: 'object', properties: {} } }
  expect(generate({ lexicon: 1, id: 'com.example.watch', defs })).toContain(
    'export type $Message = l.$Typed<Ping> | l.Unknown$TypedObject',
  )
})

test('doc comments carry the description, then the limits, then what is deprecated', () => {
  const lines = (def: object) => docLines(def as LexDef)
  expect(
    lines({ type: 'string', description: ' One.\nTwo. ', format: 'did', minLength: 1, maxGraphemes: 1 }),
  ).toEqual(['One.', 'Two.', '', 'Format did, at least 1 byte, at most 1 grapheme.'])
  expect(lines({ type: 'blob', accept: ['image/*'], maxSize: 5, description: 'Deprecated' })).toEqual([
    'Accepts image/*, at most 5 bytes.',
    '',
    '@deprecated',
  ])
  expect(lines({ type: 'array', maxLength: 3, items: { type: 'integer', minimum: 0 } })).toEqual([
    'At most 3 items, each at least 0.',
  ])
  expect(lines({ type: 'string', description: 'This field is deprecated, use other.' })).toEqual([
    'This field is deprecated, use other.',
    '',
    '@deprecated',
  ])
  expect(lines({ type: 'token' })).toEqual([])
})

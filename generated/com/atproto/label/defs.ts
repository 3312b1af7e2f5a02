// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'

export const $nsid = 'com.atproto.label.defs'

/** Metadata tag on an atproto resource (eg, repo or record). */
export interface Label {
  $type?: 'com.atproto.label.defs#label'
  /** The AT Protocol version of the label object. */
  ver?: number
  /**
   * DID of the actor who created this label.
   *
   * Format did.
   */
  src: string
  /**
   * AT URI of the record, repository (account), or other resource that this label applies to.
   *
   * Format uri.
   */
  uri: string
  /**
   * Optionally, CID specifying the specific version of 'uri' resource this label applies to.
   *
   * Format cid.
   */
  cid?: string
  /**
   * The short string name of the value or type of this label.
   *
   * At most 128 bytes.
   */
  val: string
  /** If true, this is a negation label, overwriting a previous label. */
  neg?: boolean
  /**
   * Timestamp when this label was created.
   *
   * Format datetime.
   */
  cts: string
  /**
   * Timestamp at which this label expires (no longer applies).
   *
   * Format datetime.
   */
  exp?: string
  /** Signature of dag-cbor encoded label. */
  sig?: l.Bytes
}

/** @internal */
export function $checkLabel(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Label>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'com.atproto.label.defs#label')
    return l.fault('$type', 'com.atproto.label.defs#label', v.$type, '$type')
  const ver = v.ver
  if (ver !== undefined) {
    if (!Number.isSafeInteger(ver)) return l.notType('integer', ver, 'ver')
  }
  const src = v.src
  if (typeof src !== 'string' || !l.isDid(src)) return l.notFormat('did', src, 'src')
  const uri = v.uri
  if (typeof uri !== 'string' || !l.uri(uri, c)) return l.notFormat('uri', uri, 'uri')
  const cid = v.cid
  if (cid !== undefined) {
    if (typeof cid !== 'string' || !l.cid(cid, c)) return l.notFormat('cid', cid, 'cid')
  }
  const val = v.val
  if (typeof val !== 'string' || !val.isWellFormed()) return l.notType('string', val, 'val')
  if (val.length > 42 && l.utf8Length(val) > 128)
    return l.outOf('maxLength', 'at most 128 bytes', l.utf8Length(val), 'val')
  const neg = v.neg
  if (neg !== undefined) {
    if (typeof neg !== 'boolean') return l.notType('boolean', neg, 'neg')
  }
  const cts = v.cts
  if (typeof cts !== 'string' || !l.datetime(cts, c)) return l.notFormat('datetime', cts, 'cts')
  const exp = v.exp
  if (exp !== undefined) {
    if (typeof exp !== 'string' || !l.datetime(exp, c)) return l.notFormat('datetime', exp, 'exp')
  }
  const sig = v.sig
  if (sig !== undefined) {
    if (!l.isBytes(sig)) return l.notType('bytes', sig, 'sig')
  }
  return undefined
}

/** Metadata tag on an atproto resource (eg, repo or record). */
export const label: l.ObjectSchema<Label, 'com.atproto.label.defs#label'> = /*#__PURE__*/ l.object(
  'com.atproto.label.defs#label',
  $checkLabel,
)

/** Metadata tags on an atproto record, published by the author within the record. */
export interface SelfLabels {
  $type?: 'com.atproto.label.defs#selfLabels'
  /** At most 10 items. */
  values: SelfLabel[]
}

/** @internal */
export function $checkSelfLabels(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<SelfLabels>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'com.atproto.label.defs#selfLabels')
    return l.fault('$type', 'com.atproto.label.defs#selfLabels', v.$type, '$type')
  const values = v.values
  if (!Array.isArray(values)) return l.notType('array', values, 'values')
  if (values.length > 10) return l.outOf('maxLength', 'at most 10 items', values.length, 'values')
  for (let i = 0; i < values.length; i++) {
    const item: unknown = values[i]
    const itemFault = $checkSelfLabel(item, c)
    if (itemFault !== undefined) return l.at(itemFault, 'values', i)
  }
  return undefined
}

/** Metadata tags on an atproto record, published by the author within the record. */
export const selfLabels: l.ObjectSchema<SelfLabels, 'com.atproto.label.defs#selfLabels'> =
  /*#__PURE__*/ l.object('com.atproto.label.defs#selfLabels', $checkSelfLabels)

/**
 * Metadata tag on an atproto record, published by the author within the record. Note that schemas should use
 * #selfLabels, not #selfLabel.
 */
export interface SelfLabel {
  $type?: 'com.atproto.label.defs#selfLabel'
  /**
   * The short string name of the value or type of this label.
   *
   * At most 128 bytes.
   */
  val: string
}

/** @internal */
export function $checkSelfLabel(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<SelfLabel>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'com.atproto.label.defs#selfLabel')
    return l.fault('$type', 'com.atproto.label.defs#selfLabel', v.$type, '$type')
  const val = v.val
  if (typeof val !== 'string' || !val.isWellFormed()) return l.notType('string', val, 'val')
  if (val.length > 42 && l.utf8Length(val) > 128)
    return l.outOf('maxLength', 'at most 128 bytes', l.utf8Length(val), 'val')
  return undefined
}

/**
 * Metadata tag on an atproto record, published by the author within the record. Note that schemas should use
 * #selfLabels, not #selfLabel.
 */
export const selfLabel: l.ObjectSchema<SelfLabel, 'com.atproto.label.defs#selfLabel'> =
  /*#__PURE__*/ l.object('com.atproto.label.defs#selfLabel', $checkSelfLabel)

/** Declares a label value and its expected interpretations and behaviors. */
export interface LabelValueDefinition {
  $type?: 'com.atproto.label.defs#labelValueDefinition'
  /**
   * The value of the label being defined. Must only include lowercase ascii and the '-' character ([a-z-]+).
   *
   * At most 100 bytes, at most 100 graphemes.
   */
  identifier: string
  /**
   * How should a client visually convey this label? 'inform' means neutral and informational; 'alert' means
   * negative and warning; 'none' means show nothing.
   */
  severity: 'inform' | 'alert' | 'none' | l.UnknownString
  /**
   * What should this label hide in the UI, if applied? 'content' hides all of the target; 'media' hides the
   * images/video/audio; 'none' hides nothing.
   */
  blurs: 'content' | 'media' | 'none' | l.UnknownString
  /**
   * The default setting for this label.
   *
   * Default "warn".
   */
  defaultSetting?: 'ignore' | 'warn' | 'hide' | l.UnknownString
  /** Does the user need to have adult content enabled in order to configure this label? */
  adultOnly?: boolean
  locales: LabelValueDefinitionStrings[]
}

/** @internal */
export function $checkLabelValueDefinition(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<LabelValueDefinition>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'com.atproto.label.defs#labelValueDefinition')
    return l.fault('$type', 'com.atproto.label.defs#labelValueDefinition', v.$type, '$type')
  const identifier = v.identifier
  if (typeof identifier !== 'string' || !identifier.isWellFormed())
    return l.notType('string', identifier, 'identifier')
  if (identifier.length > 33 && l.utf8Length(identifier) > 100)
    return l.outOf('maxLength', 'at most 100 bytes', l.utf8Length(identifier), 'identifier')
  if (identifier.length > 100 && l.graphemes(identifier, 100) > 100)
    return l.outOf('maxGraphemes', 'at most 100 graphemes', 'more', 'identifier')
  const severity = v.severity
  if (typeof severity !== 'string' || !severity.isWellFormed())
    return l.notType('string', severity, 'severity')
  const blurs = v.blurs
  if (typeof blurs !== 'string' || !blurs.isWellFormed()) return l.notType('string', blurs, 'blurs')
  const defaultSetting = v.defaultSetting
  if (defaultSetting !== undefined) {
    if (typeof defaultSetting !== 'string' || !defaultSetting.isWellFormed())
      return l.notType('string', defaultSetting, 'defaultSetting')
  }
  const adultOnly = v.adultOnly
  if (adultOnly !== undefined) {
    if (typeof adultOnly !== 'boolean') return l.notType('boolean', adultOnly, 'adultOnly')
  }
  const locales = v.locales
  if (!Array.isArray(locales)) return l.notType('array', locales, 'locales')
  for (let i = 0; i < locales.length; i++) {
    const item: unknown = locales[i]
    const itemFault = $checkLabelValueDefinitionStrings(item, c)
    if (itemFault !== undefined) return l.at(itemFault, 'locales', i)
  }
  return undefined
}

/** @internal */
export function $fillLabelValueDefinition(v: LabelValueDefinition): LabelValueDefinition {
  let out = v
  if (v.defaultSetting === undefined) out = l.replace(out, 'defaultSetting', 'warn')
  return out
}

/** Declares a label value and its expected interpretations and behaviors. */
export const labelValueDefinition: l.ObjectSchema<
  LabelValueDefinition,
  'com.atproto.label.defs#labelValueDefinition'
> = /*#__PURE__*/ l.object(
  'com.atproto.label.defs#labelValueDefinition',
  $checkLabelValueDefinition,
  $fillLabelValueDefinition,
)

/** Strings which describe the label in the UI, localized into a specific language. */
export interface LabelValueDefinitionStrings {
  $type?: 'com.atproto.label.defs#labelValueDefinitionStrings'
  /**
   * The code of the language these strings are written in.
   *
   * Format language.
   */
  lang: string
  /**
   * A short human-readable name for the label.
   *
   * At most 640 bytes, at most 64 graphemes.
   */
  name: string
  /**
   * A longer description of what the label means and why it might be applied.
   *
   * At most 100000 bytes, at most 10000 graphemes.
   */
  description: string
}

/** @internal */
export function $checkLabelValueDefinitionStrings(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<LabelValueDefinitionStrings>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'com.atproto.label.defs#labelValueDefinitionStrings')
    return l.fault('$type', 'com.atproto.label.defs#labelValueDefinitionStrings', v.$type, '$type')
  const lang = v.lang
  if (typeof lang !== 'string' || !l.language(lang, c)) return l.notFormat('language', lang, 'lang')
  const name = v.name
  if (typeof name !== 'string' || !name.isWellFormed()) return l.notType('string', name, 'name')
  if (name.length > 213 && l.utf8Length(name) > 640)
    return l.outOf('maxLength', 'at most 640 bytes', l.utf8Length(name), 'name')
  if (name.length > 64 && l.graphemes(name, 64) > 64)
    return l.outOf('maxGraphemes', 'at most 64 graphemes', 'more', 'name')
  const description = v.description
  if (typeof description !== 'string' || !description.isWellFormed())
    return l.notType('string', description, 'description')
  if (description.length > 33333 && l.utf8Length(description) > 100000)
    return l.outOf('maxLength', 'at most 100000 bytes', l.utf8Length(description), 'description')
  if (description.length > 10000 && l.graphemes(description, 10000) > 10000)
    return l.outOf('maxGraphemes', 'at most 10000 graphemes', 'more', 'description')
  return undefined
}

/** Strings which describe the label in the UI, localized into a specific language. */
export const labelValueDefinitionStrings: l.ObjectSchema<
  LabelValueDefinitionStrings,
  'com.atproto.label.defs#labelValueDefinitionStrings'
> = /*#__PURE__*/ l.object(
  'com.atproto.label.defs#labelValueDefinitionStrings',
  $checkLabelValueDefinitionStrings,
)

export type LabelValue =
  | '!hide'
  | '!warn'
  | '!no-unauthenticated'
  | 'porn'
  | 'sexual'
  | 'nudity'
  | 'graphic-media'
  | 'bot'
  | l.UnknownString

/** @internal */
export function $checkLabelValue(v: unknown, _c: l.CheckOptions): l.Fault | undefined {
  if (typeof v !== 'string' || !v.isWellFormed()) return l.notType('string', v)
  return undefined
}

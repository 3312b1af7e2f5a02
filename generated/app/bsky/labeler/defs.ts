// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'
import * as LabelDefs from '../../../com/atproto/label/defs.ts'
import * as ModerationDefs from '../../../com/atproto/moderation/defs.ts'
import * as ActorDefs from '../actor/defs.ts'

export const $nsid = 'app.bsky.labeler.defs'

export interface LabelerView {
  $type?: 'app.bsky.labeler.defs#labelerView'
  /** Format at-uri. */
  uri: string
  /** Format cid. */
  cid: string
  creator: ActorDefs.ProfileView
  /** At least 0. */
  likeCount?: number
  viewer?: LabelerViewerState
  /** Format datetime. */
  indexedAt: string
  labels?: LabelDefs.Label[]
}

/** @internal */
export function $checkLabelerView(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<LabelerView>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.labeler.defs#labelerView')
    return l.fault('$type', 'app.bsky.labeler.defs#labelerView', v.$type, '$type')
  const uri = v.uri
  if (typeof uri !== 'string' || !l.isAtUri(uri)) return l.notFormat('at-uri', uri, 'uri')
  const cid = v.cid
  if (typeof cid !== 'string' || !l.cid(cid, c)) return l.notFormat('cid', cid, 'cid')
  const creator = v.creator
  const creatorFault = ActorDefs.$checkProfileView(creator, c)
  if (creatorFault !== undefined) return l.at(creatorFault, 'creator')
  const likeCount = v.likeCount
  if (likeCount !== undefined) {
    if (typeof likeCount !== 'number' || !Number.isSafeInteger(likeCount))
      return l.notType('integer', likeCount, 'likeCount')
    if (likeCount < 0) return l.outOf('minimum', 'at least 0', likeCount, 'likeCount')
  }
  const viewer = v.viewer
  if (viewer !== undefined) {
    const viewerFault = $checkLabelerViewerState(viewer, c)
    if (viewerFault !== undefined) return l.at(viewerFault, 'viewer')
  }
  const indexedAt = v.indexedAt
  if (typeof indexedAt !== 'string' || !l.datetime(indexedAt, c))
    return l.notFormat('datetime', indexedAt, 'indexedAt')
  const labels = v.labels
  if (labels !== undefined) {
    if (!Array.isArray(labels)) return l.notType('array', labels, 'labels')
    for (let i = 0; i < labels.length; i++) {
      const item: unknown = labels[i]
      const itemFault = LabelDefs.$checkLabel(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'labels', i)
    }
  }
  return undefined
}

export const labelerView: l.ObjectSchema<LabelerView, 'app.bsky.labeler.defs#labelerView'> =
  /*#__PURE__*/ l.object('app.bsky.labeler.defs#labelerView', $checkLabelerView)

export interface LabelerViewDetailed {
  $type?: 'app.bsky.labeler.defs#labelerViewDetailed'
  /** Format at-uri. */
  uri: string
  /** Format cid. */
  cid: string
  creator: ActorDefs.ProfileView
  policies: LabelerPolicies
  /** At least 0. */
  likeCount?: number
  viewer?: LabelerViewerState
  /** Format datetime. */
  indexedAt: string
  labels?: LabelDefs.Label[]
  /**
   * The set of report reason 'codes' which are in-scope for this service to review and action. These usually
   * align to policy categories. If not defined (distinct from empty array), all reason types are allowed.
   */
  reasonTypes?: ModerationDefs.ReasonType[]
  /** The set of subject types (account, record, etc) this service accepts reports on. */
  subjectTypes?: ModerationDefs.SubjectType[]
  /**
   * Set of record types (collection NSIDs) which can be reported to this service. If not defined (distinct
   * from empty array), default is any record type.
   *
   * Each format nsid.
   */
  subjectCollections?: string[]
}

/** @internal */
export function $checkLabelerViewDetailed(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<LabelerViewDetailed>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.labeler.defs#labelerViewDetailed')
    return l.fault('$type', 'app.bsky.labeler.defs#labelerViewDetailed', v.$type, '$type')
  const uri = v.uri
  if (typeof uri !== 'string' || !l.isAtUri(uri)) return l.notFormat('at-uri', uri, 'uri')
  const cid = v.cid
  if (typeof cid !== 'string' || !l.cid(cid, c)) return l.notFormat('cid', cid, 'cid')
  const creator = v.creator
  const creatorFault = ActorDefs.$checkProfileView(creator, c)
  if (creatorFault !== undefined) return l.at(creatorFault, 'creator')
  const policies = v.policies
  const policiesFault = $checkLabelerPolicies(policies, c)
  if (policiesFault !== undefined) return l.at(policiesFault, 'policies')
  const likeCount = v.likeCount
  if (likeCount !== undefined) {
    if (typeof likeCount !== 'number' || !Number.isSafeInteger(likeCount))
      return l.notType('integer', likeCount, 'likeCount')
    if (likeCount < 0) return l.outOf('minimum', 'at least 0', likeCount, 'likeCount')
  }
  const viewer = v.viewer
  if (viewer !== undefined) {
    const viewerFault = $checkLabelerViewerState(viewer, c)
    if (viewerFault !== undefined) return l.at(viewerFault, 'viewer')
  }
  const indexedAt = v.indexedAt
  if (typeof indexedAt !== 'string' || !l.datetime(indexedAt, c))
    return l.notFormat('datetime', indexedAt, 'indexedAt')
  const labels = v.labels
  if (labels !== undefined) {
    if (!Array.isArray(labels)) return l.notType('array', labels, 'labels')
    for (let i = 0; i < labels.length; i++) {
      const item: unknown = labels[i]
      const itemFault = LabelDefs.$checkLabel(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'labels', i)
    }
  }
  const reasonTypes = v.reasonTypes
  if (reasonTypes !== undefined) {
    if (!Array.isArray(reasonTypes)) return l.notType('array', reasonTypes, 'reasonTypes')
    for (let i = 0; i < reasonTypes.length; i++) {
      const item: unknown = reasonTypes[i]
      const itemFault = ModerationDefs.$checkReasonType(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'reasonTypes', i)
    }
  }
  const subjectTypes = v.subjectTypes
  if (subjectTypes !== undefined) {
    if (!Array.isArray(subjectTypes)) return l.notType('array', subjectTypes, 'subjectTypes')
    for (let i = 0; i < subjectTypes.length; i++) {
      const item: unknown = subjectTypes[i]
      const itemFault = ModerationDefs.$checkSubjectType(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'subjectTypes', i)
    }
  }
  const subjectCollections = v.subjectCollections
  if (subjectCollections !== undefined) {
    if (!Array.isArray(subjectCollections))
      return l.notType('array', subjectCollections, 'subjectCollections')
    for (let i = 0; i < subjectCollections.length; i++) {
      const item: unknown = subjectCollections[i]
      if (typeof item !== 'string' || !l.isNsid(item))
        return l.notFormat('nsid', item, 'subjectCollections', i)
    }
  }
  return undefined
}

/** @internal */
export function $fillLabelerViewDetailed(v: LabelerViewDetailed): LabelerViewDetailed {
  let out = v
  out = l.replace(out, 'policies', $fillLabelerPolicies(v.policies))
  return out
}

export const labelerViewDetailed: l.ObjectSchema<
  LabelerViewDetailed,
  'app.bsky.labeler.defs#labelerViewDetailed'
> = /*#__PURE__*/ l.object(
  'app.bsky.labeler.defs#labelerViewDetailed',
  $checkLabelerViewDetailed,
  $fillLabelerViewDetailed,
)

export interface LabelerViewerState {
  $type?: 'app.bsky.labeler.defs#labelerViewerState'
  /** Format at-uri. */
  like?: string
}

/** @internal */
export function $checkLabelerViewerState(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<LabelerViewerState>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.labeler.defs#labelerViewerState')
    return l.fault('$type', 'app.bsky.labeler.defs#labelerViewerState', v.$type, '$type')
  const like = v.like
  if (like !== undefined) {
    if (typeof like !== 'string' || !l.isAtUri(like)) return l.notFormat('at-uri', like, 'like')
  }
  return undefined
}

export const labelerViewerState: l.ObjectSchema<
  LabelerViewerState,
  'app.bsky.labeler.defs#labelerViewerState'
> = /*#__PURE__*/ l.object('app.bsky.labeler.defs#labelerViewerState', $checkLabelerViewerState)

export interface LabelerPolicies {
  $type?: 'app.bsky.labeler.defs#labelerPolicies'
  /** The label values which this labeler publishes. May include global or custom labels. */
  labelValues: LabelDefs.LabelValue[]
  /**
   * Label values created by this labeler and scoped exclusively to it. Labels defined here will override
   * global label definitions for this labeler.
   */
  labelValueDefinitions?: LabelDefs.LabelValueDefinition[]
}

/** @internal */
export function $checkLabelerPolicies(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<LabelerPolicies>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.labeler.defs#labelerPolicies')
    return l.fault('$type', 'app.bsky.labeler.defs#labelerPolicies', v.$type, '$type')
  const labelValues = v.labelValues
  if (!Array.isArray(labelValues)) return l.notType('array', labelValues, 'labelValues')
  for (let i = 0; i < labelValues.length; i++) {
    const item: unknown = labelValues[i]
    const itemFault = LabelDefs.$checkLabelValue(item, c)
    if (itemFault !== undefined) return l.at(itemFault, 'labelValues', i)
  }
  const labelValueDefinitions = v.labelValueDefinitions
  if (labelValueDefinitions !== undefined) {
    if (!Array.isArray(labelValueDefinitions))
      return l.notType('array', labelValueDefinitions, 'labelValueDefinitions')
    for (let i = 0; i < labelValueDefinitions.length; i++) {
      const item: unknown = labelValueDefinitions[i]
      const itemFault = LabelDefs.$checkLabelValueDefinition(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'labelValueDefinitions', i)
    }
  }
  return undefined
}

/** @internal */
export function $fillLabelerPolicies(v: LabelerPolicies): LabelerPolicies {
  let out = v
  if (v.labelValueDefinitions !== undefined)
    out = l.replace(
      out,
      'labelValueDefinitions',
      l.replaceItems(v.labelValueDefinitions, LabelDefs.$fillLabelValueDefinition),
    )
  return out
}

export const labelerPolicies: l.ObjectSchema<LabelerPolicies, 'app.bsky.labeler.defs#labelerPolicies'> =
  /*#__PURE__*/ l.object('app.bsky.labeler.defs#labelerPolicies', $checkLabelerPolicies, $fillLabelerPolicies)

// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'
import * as LabelDefs from '../../../com/atproto/label/defs.ts'
import * as ActorDefs from '../actor/defs.ts'
import * as FeedDefs from '../feed/defs.ts'
import * as RichtextFacet from '../richtext/facet.ts'

export const $nsid = 'app.bsky.graph.defs'

export interface ListViewBasic {
  $type?: 'app.bsky.graph.defs#listViewBasic'
  /** Format at-uri. */
  uri: string
  /** Format cid. */
  cid: string
  /** At least 1 byte, at most 64 bytes. */
  name: string
  purpose: ListPurpose
  /** Format uri. */
  avatar?: string
  /** At least 0. */
  listItemCount?: number
  labels?: LabelDefs.Label[]
  viewer?: ListViewerState
  /** Format datetime. */
  indexedAt?: string
}

/** @internal */
export function $checkListViewBasic(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<ListViewBasic>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.graph.defs#listViewBasic')
    return l.fault('$type', 'app.bsky.graph.defs#listViewBasic', v.$type, '$type')
  const uri = v.uri
  if (typeof uri !== 'string' || !l.isAtUri(uri)) return l.notFormat('at-uri', uri, 'uri')
  const cid = v.cid
  if (typeof cid !== 'string' || !l.cid(cid, c)) return l.notFormat('cid', cid, 'cid')
  const name = v.name
  if (typeof name !== 'string' || !name.isWellFormed()) return l.notType('string', name, 'name')
  if (name.length < 1 && l.utf8Length(name) < 1)
    return l.outOf('minLength', 'at least 1 byte', l.utf8Length(name), 'name')
  if (name.length > 21 && l.utf8Length(name) > 64)
    return l.outOf('maxLength', 'at most 64 bytes', l.utf8Length(name), 'name')
  const purpose = v.purpose
  const purposeFault = $checkListPurpose(purpose, c)
  if (purposeFault !== undefined) return l.at(purposeFault, 'purpose')
  const avatar = v.avatar
  if (avatar !== undefined) {
    if (typeof avatar !== 'string' || !l.uri(avatar, c)) return l.notFormat('uri', avatar, 'avatar')
  }
  const listItemCount = v.listItemCount
  if (listItemCount !== undefined) {
    if (typeof listItemCount !== 'number' || !Number.isSafeInteger(listItemCount))
      return l.notType('integer', listItemCount, 'listItemCount')
    if (listItemCount < 0) return l.outOf('minimum', 'at least 0', listItemCount, 'listItemCount')
  }
  const labels = v.labels
  if (labels !== undefined) {
    if (!Array.isArray(labels)) return l.notType('array', labels, 'labels')
    for (let i = 0; i < labels.length; i++) {
      const item: unknown = labels[i]
      const itemFault = LabelDefs.$checkLabel(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'labels', i)
    }
  }
  const viewer = v.viewer
  if (viewer !== undefined) {
    const viewerFault = $checkListViewerState(viewer, c)
    if (viewerFault !== undefined) return l.at(viewerFault, 'viewer')
  }
  const indexedAt = v.indexedAt
  if (indexedAt !== undefined) {
    if (typeof indexedAt !== 'string' || !l.datetime(indexedAt, c))
      return l.notFormat('datetime', indexedAt, 'indexedAt')
  }
  return undefined
}

export const listViewBasic: l.ObjectSchema<ListViewBasic, 'app.bsky.graph.defs#listViewBasic'> =
  /*#__PURE__*/ l.object('app.bsky.graph.defs#listViewBasic', $checkListViewBasic)

export interface ListView {
  $type?: 'app.bsky.graph.defs#listView'
  /** Format at-uri. */
  uri: string
  /** Format cid. */
  cid: string
  creator: ActorDefs.ProfileView
  /** At least 1 byte, at most 64 bytes. */
  name: string
  purpose: ListPurpose
  /** At most 3000 bytes, at most 300 graphemes. */
  description?: string
  descriptionFacets?: RichtextFacet.Main[]
  /** Format uri. */
  avatar?: string
  /** At least 0. */
  listItemCount?: number
  labels?: LabelDefs.Label[]
  viewer?: ListViewerState
  /** Format datetime. */
  indexedAt: string
}

/** @internal */
export function $checkListView(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<ListView>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.graph.defs#listView')
    return l.fault('$type', 'app.bsky.graph.defs#listView', v.$type, '$type')
  const uri = v.uri
  if (typeof uri !== 'string' || !l.isAtUri(uri)) return l.notFormat('at-uri', uri, 'uri')
  const cid = v.cid
  if (typeof cid !== 'string' || !l.cid(cid, c)) return l.notFormat('cid', cid, 'cid')
  const creator = v.creator
  const creatorFault = ActorDefs.$checkProfileView(creator, c)
  if (creatorFault !== undefined) return l.at(creatorFault, 'creator')
  const name = v.name
  if (typeof name !== 'string' || !name.isWellFormed()) return l.notType('string', name, 'name')
  if (name.length < 1 && l.utf8Length(name) < 1)
    return l.outOf('minLength', 'at least 1 byte', l.utf8Length(name), 'name')
  if (name.length > 21 && l.utf8Length(name) > 64)
    return l.outOf('maxLength', 'at most 64 bytes', l.utf8Length(name), 'name')
  const purpose = v.purpose
  const purposeFault = $checkListPurpose(purpose, c)
  if (purposeFault !== undefined) return l.at(purposeFault, 'purpose')
  const description = v.description
  if (description !== undefined) {
    if (typeof description !== 'string' || !description.isWellFormed())
      return l.notType('string', description, 'description')
    if (description.length > 1000 && l.utf8Length(description) > 3000)
      return l.outOf('maxLength', 'at most 3000 bytes', l.utf8Length(description), 'description')
    if (description.length > 300 && l.graphemes(description, 300) > 300)
      return l.outOf('maxGraphemes', 'at most 300 graphemes', 'more', 'description')
  }
  const descriptionFacets = v.descriptionFacets
  if (descriptionFacets !== undefined) {
    if (!Array.isArray(descriptionFacets)) return l.notType('array', descriptionFacets, 'descriptionFacets')
    for (let i = 0; i < descriptionFacets.length; i++) {
      const item: unknown = descriptionFacets[i]
      const itemFault = RichtextFacet.$checkMain(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'descriptionFacets', i)
    }
  }
  const avatar = v.avatar
  if (avatar !== undefined) {
    if (typeof avatar !== 'string' || !l.uri(avatar, c)) return l.notFormat('uri', avatar, 'avatar')
  }
  const listItemCount = v.listItemCount
  if (listItemCount !== undefined) {
    if (typeof listItemCount !== 'number' || !Number.isSafeInteger(listItemCount))
      return l.notType('integer', listItemCount, 'listItemCount')
    if (listItemCount < 0) return l.outOf('minimum', 'at least 0', listItemCount, 'listItemCount')
  }
  const labels = v.labels
  if (labels !== undefined) {
    if (!Array.isArray(labels)) return l.notType('array', labels, 'labels')
    for (let i = 0; i < labels.length; i++) {
      const item: unknown = labels[i]
      const itemFault = LabelDefs.$checkLabel(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'labels', i)
    }
  }
  const viewer = v.viewer
  if (viewer !== undefined) {
    const viewerFault = $checkListViewerState(viewer, c)
    if (viewerFault !== undefined) return l.at(viewerFault, 'viewer')
  }
  const indexedAt = v.indexedAt
  if (typeof indexedAt !== 'string' || !l.datetime(indexedAt, c))
    return l.notFormat('datetime', indexedAt, 'indexedAt')
  return undefined
}

export const listView: l.ObjectSchema<ListView, 'app.bsky.graph.defs#listView'> = /*#__PURE__*/ l.object(
  'app.bsky.graph.defs#listView',
  $checkListView,
)

export interface ListItemView {
  $type?: 'app.bsky.graph.defs#listItemView'
  /** Format at-uri. */
  uri: string
  subject: ActorDefs.ProfileView
  /**
   * Set to true when the subject has opted out of appearing in the reference list. Only set when the viewer
   * owns the list.
   */
  subjectOptedOut?: true
}

/** @internal */
export function $checkListItemView(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<ListItemView>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.graph.defs#listItemView')
    return l.fault('$type', 'app.bsky.graph.defs#listItemView', v.$type, '$type')
  const uri = v.uri
  if (typeof uri !== 'string' || !l.isAtUri(uri)) return l.notFormat('at-uri', uri, 'uri')
  const subject = v.subject
  const subjectFault = ActorDefs.$checkProfileView(subject, c)
  if (subjectFault !== undefined) return l.at(subjectFault, 'subject')
  const subjectOptedOut = v.subjectOptedOut
  if (subjectOptedOut !== undefined) {
    if (typeof subjectOptedOut !== 'boolean') return l.notType('boolean', subjectOptedOut, 'subjectOptedOut')
    if (subjectOptedOut !== true) return l.fault('const', 'true', subjectOptedOut, 'subjectOptedOut')
  }
  return undefined
}

export const listItemView: l.ObjectSchema<ListItemView, 'app.bsky.graph.defs#listItemView'> =
  /*#__PURE__*/ l.object('app.bsky.graph.defs#listItemView', $checkListItemView)

export interface StarterPackView {
  $type?: 'app.bsky.graph.defs#starterPackView'
  /** Format at-uri. */
  uri: string
  /** Format cid. */
  cid: string
  record: l.LexMap
  creator: ActorDefs.ProfileViewBasic
  list?: ListViewBasic
  /** At most 12 items. */
  listItemsSample?: ListItemView[]
  /** At most 3 items. */
  feeds?: FeedDefs.GeneratorView[]
  /** At least 0. */
  joinedWeekCount?: number
  /** At least 0. */
  joinedAllTimeCount?: number
  labels?: LabelDefs.Label[]
  /** Format datetime. */
  indexedAt: string
}

/** @internal */
export function $checkStarterPackView(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<StarterPackView>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.graph.defs#starterPackView')
    return l.fault('$type', 'app.bsky.graph.defs#starterPackView', v.$type, '$type')
  const uri = v.uri
  if (typeof uri !== 'string' || !l.isAtUri(uri)) return l.notFormat('at-uri', uri, 'uri')
  const cid = v.cid
  if (typeof cid !== 'string' || !l.cid(cid, c)) return l.notFormat('cid', cid, 'cid')
  const record = v.record
  const recordFault = l.data(record)
  if (recordFault !== undefined) return l.at(recordFault, 'record')
  const creator = v.creator
  const creatorFault = ActorDefs.$checkProfileViewBasic(creator, c, 0)
  if (creatorFault !== undefined) return l.at(creatorFault, 'creator')
  const list = v.list
  if (list !== undefined) {
    const listFault = $checkListViewBasic(list, c)
    if (listFault !== undefined) return l.at(listFault, 'list')
  }
  const listItemsSample = v.listItemsSample
  if (listItemsSample !== undefined) {
    if (!Array.isArray(listItemsSample)) return l.notType('array', listItemsSample, 'listItemsSample')
    if (listItemsSample.length > 12)
      return l.outOf('maxLength', 'at most 12 items', listItemsSample.length, 'listItemsSample')
    for (let i = 0; i < listItemsSample.length; i++) {
      const item: unknown = listItemsSample[i]
      const itemFault = $checkListItemView(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'listItemsSample', i)
    }
  }
  const feeds = v.feeds
  if (feeds !== undefined) {
    if (!Array.isArray(feeds)) return l.notType('array', feeds, 'feeds')
    if (feeds.length > 3) return l.outOf('maxLength', 'at most 3 items', feeds.length, 'feeds')
    for (let i = 0; i < feeds.length; i++) {
      const item: unknown = feeds[i]
      const itemFault = FeedDefs.$checkGeneratorView(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'feeds', i)
    }
  }
  const joinedWeekCount = v.joinedWeekCount
  if (joinedWeekCount !== undefined) {
    if (typeof joinedWeekCount !== 'number' || !Number.isSafeInteger(joinedWeekCount))
      return l.notType('integer', joinedWeekCount, 'joinedWeekCount')
    if (joinedWeekCount < 0) return l.outOf('minimum', 'at least 0', joinedWeekCount, 'joinedWeekCount')
  }
  const joinedAllTimeCount = v.joinedAllTimeCount
  if (joinedAllTimeCount !== undefined) {
    if (typeof joinedAllTimeCount !== 'number' || !Number.isSafeInteger(joinedAllTimeCount))
      return l.notType('integer', joinedAllTimeCount, 'joinedAllTimeCount')
    if (joinedAllTimeCount < 0)
      return l.outOf('minimum', 'at least 0', joinedAllTimeCount, 'joinedAllTimeCount')
  }
  const labels = v.labels
  if (labels !== undefined) {
    if (!Array.isArray(labels)) return l.notType('array', labels, 'labels')
    for (let i = 0; i < labels.length; i++) {
      const item: unknown = labels[i]
      const itemFault = LabelDefs.$checkLabel(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'labels', i)
    }
  }
  const indexedAt = v.indexedAt
  if (typeof indexedAt !== 'string' || !l.datetime(indexedAt, c))
    return l.notFormat('datetime', indexedAt, 'indexedAt')
  return undefined
}

export const starterPackView: l.ObjectSchema<StarterPackView, 'app.bsky.graph.defs#starterPackView'> =
  /*#__PURE__*/ l.object('app.bsky.graph.defs#starterPackView', $checkStarterPackView)

export interface StarterPackViewBasic {
  $type?: 'app.bsky.graph.defs#starterPackViewBasic'
  /** Format at-uri. */
  uri: string
  /** Format cid. */
  cid: string
  record: l.LexMap
  creator: ActorDefs.ProfileViewBasic
  /** At least 0. */
  listItemCount?: number
  /** At least 0. */
  joinedWeekCount?: number
  /** At least 0. */
  joinedAllTimeCount?: number
  labels?: LabelDefs.Label[]
  /** Format datetime. */
  indexedAt: string
}

/** @internal */
export function $checkStarterPackViewBasic(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<StarterPackViewBasic>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.graph.defs#starterPackViewBasic')
    return l.fault('$type', 'app.bsky.graph.defs#starterPackViewBasic', v.$type, '$type')
  const uri = v.uri
  if (typeof uri !== 'string' || !l.isAtUri(uri)) return l.notFormat('at-uri', uri, 'uri')
  const cid = v.cid
  if (typeof cid !== 'string' || !l.cid(cid, c)) return l.notFormat('cid', cid, 'cid')
  const record = v.record
  const recordFault = l.data(record)
  if (recordFault !== undefined) return l.at(recordFault, 'record')
  const creator = v.creator
  const creatorFault = ActorDefs.$checkProfileViewBasic(creator, c, 0)
  if (creatorFault !== undefined) return l.at(creatorFault, 'creator')
  const listItemCount = v.listItemCount
  if (listItemCount !== undefined) {
    if (typeof listItemCount !== 'number' || !Number.isSafeInteger(listItemCount))
      return l.notType('integer', listItemCount, 'listItemCount')
    if (listItemCount < 0) return l.outOf('minimum', 'at least 0', listItemCount, 'listItemCount')
  }
  const joinedWeekCount = v.joinedWeekCount
  if (joinedWeekCount !== undefined) {
    if (typeof joinedWeekCount !== 'number' || !Number.isSafeInteger(joinedWeekCount))
      return l.notType('integer', joinedWeekCount, 'joinedWeekCount')
    if (joinedWeekCount < 0) return l.outOf('minimum', 'at least 0', joinedWeekCount, 'joinedWeekCount')
  }
  const joinedAllTimeCount = v.joinedAllTimeCount
  if (joinedAllTimeCount !== undefined) {
    if (typeof joinedAllTimeCount !== 'number' || !Number.isSafeInteger(joinedAllTimeCount))
      return l.notType('integer', joinedAllTimeCount, 'joinedAllTimeCount')
    if (joinedAllTimeCount < 0)
      return l.outOf('minimum', 'at least 0', joinedAllTimeCount, 'joinedAllTimeCount')
  }
  const labels = v.labels
  if (labels !== undefined) {
    if (!Array.isArray(labels)) return l.notType('array', labels, 'labels')
    for (let i = 0; i < labels.length; i++) {
      const item: unknown = labels[i]
      const itemFault = LabelDefs.$checkLabel(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'labels', i)
    }
  }
  const indexedAt = v.indexedAt
  if (typeof indexedAt !== 'string' || !l.datetime(indexedAt, c))
    return l.notFormat('datetime', indexedAt, 'indexedAt')
  return undefined
}

export const starterPackViewBasic: l.ObjectSchema<
  StarterPackViewBasic,
  'app.bsky.graph.defs#starterPackViewBasic'
> = /*#__PURE__*/ l.object('app.bsky.graph.defs#starterPackViewBasic', $checkStarterPackViewBasic)

export type ListPurpose =
  | 'app.bsky.graph.defs#modlist'
  | 'app.bsky.graph.defs#curatelist'
  | 'app.bsky.graph.defs#referencelist'
  | l.UnknownString

/** @internal */
export function $checkListPurpose(v: unknown, _c: l.CheckOptions): l.Fault | undefined {
  if (typeof v !== 'string' || !v.isWellFormed()) return l.notType('string', v)
  return undefined
}

/** A list of actors to apply an aggregate moderation action (mute/block) on. */
export const Modlist = 'app.bsky.graph.defs#modlist'
export type Modlist = typeof Modlist

/** A list of actors used for curation purposes such as list feeds or interaction gating. */
export const Curatelist = 'app.bsky.graph.defs#curatelist'
export type Curatelist = typeof Curatelist

/** A list of actors used for only for reference purposes such as within a starter pack. */
export const Referencelist = 'app.bsky.graph.defs#referencelist'
export type Referencelist = typeof Referencelist

export interface ListViewerState {
  $type?: 'app.bsky.graph.defs#listViewerState'
  muted?: boolean
  /** Format at-uri. */
  blocked?: string
  /**
   * The authenticated viewer's app.bsky.graph.referencelistoptout record URI for this reference list. Only
   * set for reference lists. A client can delete this record to undo the opt-out.
   *
   * Format at-uri.
   */
  referenceListOptOut?: string
}

/** @internal */
export function $checkListViewerState(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<ListViewerState>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.graph.defs#listViewerState')
    return l.fault('$type', 'app.bsky.graph.defs#listViewerState', v.$type, '$type')
  const muted = v.muted
  if (muted !== undefined) {
    if (typeof muted !== 'boolean') return l.notType('boolean', muted, 'muted')
  }
  const blocked = v.blocked
  if (blocked !== undefined) {
    if (typeof blocked !== 'string' || !l.isAtUri(blocked)) return l.notFormat('at-uri', blocked, 'blocked')
  }
  const referenceListOptOut = v.referenceListOptOut
  if (referenceListOptOut !== undefined) {
    if (typeof referenceListOptOut !== 'string' || !l.isAtUri(referenceListOptOut))
      return l.notFormat('at-uri', referenceListOptOut, 'referenceListOptOut')
  }
  return undefined
}

export const listViewerState: l.ObjectSchema<ListViewerState, 'app.bsky.graph.defs#listViewerState'> =
  /*#__PURE__*/ l.object('app.bsky.graph.defs#listViewerState', $checkListViewerState)

/** indicates that a handle or DID could not be resolved */
export interface NotFoundActor {
  $type?: 'app.bsky.graph.defs#notFoundActor'
  /** Format at-identifier. */
  actor: string
  notFound: true
}

/** @internal */
export function $checkNotFoundActor(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<NotFoundActor>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.graph.defs#notFoundActor')
    return l.fault('$type', 'app.bsky.graph.defs#notFoundActor', v.$type, '$type')
  const actor = v.actor
  if (typeof actor !== 'string' || !l.isAtIdentifier(actor))
    return l.notFormat('at-identifier', actor, 'actor')
  const notFound = v.notFound
  if (typeof notFound !== 'boolean') return l.notType('boolean', notFound, 'notFound')
  if (notFound !== true) return l.fault('const', 'true', notFound, 'notFound')
  return undefined
}

/** indicates that a handle or DID could not be resolved */
export const notFoundActor: l.ObjectSchema<NotFoundActor, 'app.bsky.graph.defs#notFoundActor'> =
  /*#__PURE__*/ l.object('app.bsky.graph.defs#notFoundActor', $checkNotFoundActor)

/**
 * lists the bi-directional graph relationships between one actor (not indicated in the object), and the
 * target actors (the DID included in the object)
 */
export interface Relationship {
  $type?: 'app.bsky.graph.defs#relationship'
  /** Format did. */
  did: string
  /**
   * if the actor follows this DID, this is the AT-URI of the follow record
   *
   * Format at-uri.
   */
  following?: string
  /**
   * if the actor is followed by this DID, contains the AT-URI of the follow record
   *
   * Format at-uri.
   */
  followedBy?: string
  /**
   * if the actor blocks this DID, this is the AT-URI of the block record
   *
   * Format at-uri.
   */
  blocking?: string
  /**
   * if the actor is blocked by this DID, contains the AT-URI of the block record
   *
   * Format at-uri.
   */
  blockedBy?: string
  /**
   * if the actor blocks this DID via a block list, this is the AT-URI of the listblock record
   *
   * Format at-uri.
   */
  blockingByList?: string
  /**
   * if the actor is blocked by this DID via a block list, contains the AT-URI of the listblock record
   *
   * Format at-uri.
   */
  blockedByList?: string
}

/** @internal */
export function $checkRelationship(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Relationship>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.graph.defs#relationship')
    return l.fault('$type', 'app.bsky.graph.defs#relationship', v.$type, '$type')
  const did = v.did
  if (typeof did !== 'string' || !l.isDid(did)) return l.notFormat('did', did, 'did')
  const following = v.following
  if (following !== undefined) {
    if (typeof following !== 'string' || !l.isAtUri(following))
      return l.notFormat('at-uri', following, 'following')
  }
  const followedBy = v.followedBy
  if (followedBy !== undefined) {
    if (typeof followedBy !== 'string' || !l.isAtUri(followedBy))
      return l.notFormat('at-uri', followedBy, 'followedBy')
  }
  const blocking = v.blocking
  if (blocking !== undefined) {
    if (typeof blocking !== 'string' || !l.isAtUri(blocking))
      return l.notFormat('at-uri', blocking, 'blocking')
  }
  const blockedBy = v.blockedBy
  if (blockedBy !== undefined) {
    if (typeof blockedBy !== 'string' || !l.isAtUri(blockedBy))
      return l.notFormat('at-uri', blockedBy, 'blockedBy')
  }
  const blockingByList = v.blockingByList
  if (blockingByList !== undefined) {
    if (typeof blockingByList !== 'string' || !l.isAtUri(blockingByList))
      return l.notFormat('at-uri', blockingByList, 'blockingByList')
  }
  const blockedByList = v.blockedByList
  if (blockedByList !== undefined) {
    if (typeof blockedByList !== 'string' || !l.isAtUri(blockedByList))
      return l.notFormat('at-uri', blockedByList, 'blockedByList')
  }
  return undefined
}

/**
 * lists the bi-directional graph relationships between one actor (not indicated in the object), and the
 * target actors (the DID included in the object)
 */
export const relationship: l.ObjectSchema<Relationship, 'app.bsky.graph.defs#relationship'> =
  /*#__PURE__*/ l.object('app.bsky.graph.defs#relationship', $checkRelationship)

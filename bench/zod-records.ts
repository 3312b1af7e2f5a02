import { z } from 'zod'
import * as syntax from '../src/protocol/syntax.ts'

/**
 * What somebody would write by hand with zod for the records of the bench, with the same format checks as ours
 * (zod has none for atproto), so that the figure compares the validators and not the formats.
 */
const datetime = z.string().refine(syntax.isDatetime)
const did = z.string().refine(syntax.isDid)
const atUri = z.string().refine(syntax.isAtUri)
const uri = z.string().refine(syntax.isUri)
const cid = z.string().refine(syntax.isCidString)
const blob = z.object({
  $type: z.literal('blob'),
  ref: z.object({ $link: z.string().refine(syntax.isCidString) }),
  mimeType: z.string(),
  size: z.int().min(0),
})
const strongRef = z.looseObject({ uri: atUri, cid })
const reply = z.looseObject({ root: strongRef, parent: strongRef })
const aspectRatio = z.looseObject({ width: z.int().min(1), height: z.int().min(1) })
const images = z.looseObject({
  $type: z.literal('app.bsky.embed.images'),
  images: z
    .array(z.looseObject({ image: blob, alt: z.string(), aspectRatio: aspectRatio.optional() }))
    .max(4),
})
const external = z.looseObject({
  $type: z.literal('app.bsky.embed.external'),
  external: z.looseObject({ uri, title: z.string(), description: z.string(), thumb: blob.optional() }),
})
const feature = z.discriminatedUnion('$type', [
  z.looseObject({ $type: z.literal('app.bsky.richtext.facet#link'), uri }),
  z.looseObject({ $type: z.literal('app.bsky.richtext.facet#mention'), did }),
  z.looseObject({ $type: z.literal('app.bsky.richtext.facet#tag'), tag: z.string().max(640) }),
])
const facet = z.looseObject({
  index: z.looseObject({ byteStart: z.int().min(0), byteEnd: z.int().min(0) }),
  features: z.array(feature),
})

export const zodRecords: Readonly<Record<string, z.ZodType>> = {
  'app.bsky.feed.post': z.looseObject({
    $type: z.literal('app.bsky.feed.post'),
    text: z.string().max(3000),
    facets: z.array(facet).optional(),
    reply: reply.optional(),
    embed: z.discriminatedUnion('$type', [images, external]).optional(),
    langs: z.array(z.string().refine(syntax.isLanguage)).max(3).optional(),
    tags: z.array(z.string().max(640)).max(8).optional(),
    createdAt: datetime,
  }),
  'app.bsky.feed.like': z.looseObject({
    $type: z.literal('app.bsky.feed.like'),
    subject: strongRef,
    createdAt: datetime,
  }),
  'app.bsky.feed.repost': z.looseObject({
    $type: z.literal('app.bsky.feed.repost'),
    subject: strongRef,
    createdAt: datetime,
  }),
  'app.bsky.graph.follow': z.looseObject({
    $type: z.literal('app.bsky.graph.follow'),
    subject: did,
    createdAt: datetime,
  }),
  'app.bsky.graph.block': z.looseObject({
    $type: z.literal('app.bsky.graph.block'),
    subject: did,
    createdAt: datetime,
  }),
  'app.bsky.actor.profile': z.looseObject({
    $type: z.literal('app.bsky.actor.profile'),
    displayName: z.string().max(640).optional(),
    description: z.string().max(2560).optional(),
    avatar: blob.optional(),
    banner: blob.optional(),
    createdAt: datetime.optional(),
  }),
}

import { on } from '../../../generated/handlers.ts'

export const post = on('app.bsky.feed.post', {
  async put({ uri, cid, did, record }, { rows }) {
    await rows.post.upsert({
      uri,
      cid,
      did,
      text: record.text,
      reply_parent: record.reply?.parent.uri ?? null,
      created_at: record.createdAt,
    })
  },
  async delete({ uri }, { rows }) {
    await rows.post.delete({ uri })
  },
})

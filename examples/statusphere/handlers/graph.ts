import { on } from '../../../generated/handlers.ts'

export const like = on('app.bsky.feed.like', {
  async put({ uri, did, record }, { rows }) {
    await rows.like.upsert({ uri, did, subject: record.subject.uri, created_at: record.createdAt })
  },
  async delete({ uri }, { rows }) {
    await rows.like.delete({ uri })
  },
})

export const follow = on('app.bsky.graph.follow', {
  async put({ uri, did, record }, { rows }) {
    await rows.follow.upsert({ uri, did, subject: record.subject, created_at: record.createdAt })
  },
  async delete({ uri }, { rows }) {
    await rows.follow.delete({ uri })
  },
})

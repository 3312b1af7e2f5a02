import { blobCid } from 'lextap/lex'
import { on } from '../../../generated/handlers.ts'

export const profile = on('app.bsky.actor.profile', {
  async put({ did, rkey, record }, { rows }) {
    // The lexicon says `self` is the only key; hosts do not always mind.
    if (rkey !== 'self') return
    await rows.profile.upsert({
      did,
      display_name: record.displayName ?? null,
      description: record.description ?? null,
      avatar: record.avatar === undefined ? null : blobCid(record.avatar),
    })
  },
  async delete({ did, rkey }, { rows }) {
    if (rkey === 'self') await rows.profile.delete({ did })
  },
})

import { on } from '../../generated/handlers.ts'

export const status = on('xyz.statusphere.status', {
  async put({ uri, did, record }, { rows }) {
    await rows.status.upsert({ uri, did, status: record.status, created_at: record.createdAt })
  },
  async delete({ uri }, { rows }) {
    await rows.status.delete({ uri })
  },
})

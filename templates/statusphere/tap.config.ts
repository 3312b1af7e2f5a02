import { defineConfig } from 'lextap/config'

export default defineConfig({
  // Follow every account with at least one status.
  track: { signal: 'xyz.statusphere.status' },
})

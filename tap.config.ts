import { defineConfig } from 'lextap/config'

// The repository is its own first guest: `npm start` runs this project against a network of its own,
// `npm run start:live` against the public one.
export default defineConfig({
  handlers: './examples/statusphere/handlers',
  database: 'sqlite:./.lextap/app.db',
  track: { signal: 'xyz.statusphere.status' },
})

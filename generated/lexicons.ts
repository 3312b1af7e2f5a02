// Written by `lextap codegen`. Do not edit.

/** The documents all this was written from: NSID → fingerprint. `lextap run` compares them. */
export const lexicons: Readonly<Record<string, string>> = {
  'app.bsky.actor.defs': '329d81bffebb37ca',
  'app.bsky.actor.profile': '35ae081b54c2e0e2',
  'app.bsky.embed.defs': 'db76bd29f6a955d3',
  'app.bsky.embed.external': '62d3db0c830c62d0',
  'app.bsky.embed.gallery': 'db6cfd2c85c4bcea',
  'app.bsky.embed.images': '82116da4ffb1afbe',
  'app.bsky.embed.record': '74cab48147c5eb55',
  'app.bsky.embed.recordWithMedia': '8905f07eceba4960',
  'app.bsky.embed.video': 'd578e317bf0dd0d1',
  'app.bsky.feed.defs': '0aa290b9d621b8ca',
  'app.bsky.feed.like': '0b77f3d2f1771cd7',
  'app.bsky.feed.post': 'b826c5e38f8d628a',
  'app.bsky.feed.postgate': '6dbab068c81a3549',
  'app.bsky.feed.threadgate': '4d82ba78e76d57df',
  'app.bsky.graph.defs': '8104fc438012337c',
  'app.bsky.graph.follow': '57dd65f805fa0d91',
  'app.bsky.labeler.defs': 'a5ce31d7530dc26a',
  'app.bsky.notification.defs': '426ad646f5152f3f',
  'app.bsky.richtext.facet': '2eba93aca22e99b1',
  'com.atproto.label.defs': '8ddce1a7ec654fe8',
  'com.atproto.moderation.defs': 'e5c8e99b5c21a812',
  'com.atproto.repo.strongRef': '66379e298b8ea897',
  'xyz.statusphere.status': 'd8da38f835f25504',
}

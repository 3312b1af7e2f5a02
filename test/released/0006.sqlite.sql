-- Schema 6 as it was released. Never changed: databases in the world are like this.
create table lextap_meta (key text primary key, value text not null);
create table lextap_repo (
  id integer primary key autoincrement,
  did text not null unique,
  state text not null,
  standing text not null,
  handle text,
  pds text,
  signing_key text,
  rev text,
  data blob,
  run integer not null,
  error text,
  retry_count integer not null,
  retry_at integer,
  lease integer,
  removal text,
  account_seq integer
);
create index lextap_repo_todo on lextap_repo (state, id) where state <> 'active';
create index lextap_repo_standing on lextap_repo (standing, id) where standing <> 'active';
create index lextap_repo_removal on lextap_repo (id) where removal is not null;
create table lextap_collection (id integer primary key autoincrement, name text not null unique);
create table lextap_record (
  repo_id integer not null,
  collection_id integer not null,
  rkey text not null,
  cid blob not null,
  run integer not null,
  body blob,
  primary key (repo_id, collection_id, rkey)
);
create table lextap_resync_buffer (
  id integer primary key autoincrement,
  repo_id integer not null,
  seq integer not null,
  rev text not null,
  frame blob not null
);
create index lextap_resync_buffer_repo on lextap_resync_buffer (repo_id, id);
create table lextap_cursor (
  source text not null,
  kind text not null,
  value text not null,
  updated_at integer not null,
  primary key (source, kind)
);
create table lextap_dead_letter (
  id integer primary key autoincrement,
  repo_id integer not null,
  did text not null,
  collection text not null,
  rkey text not null,
  rev text not null,
  action text not null,
  cid blob,
  body blob,
  kind text not null,
  error text not null,
  issues text,
  attempts integer not null,
  created_at integer not null,
  updated_at integer not null,
  unique (repo_id, collection, rkey)
);
create table lextap_uncreated (
  repo_id integer not null,
  collection text not null,
  rkey text not null,
  primary key (repo_id, rkey, collection)
);
create table lextap_outbox (
  id integer primary key autoincrement,
  kind text not null,
  did text not null,
  live integer not null,
  name text not null,
  body text not null,
  created_at integer not null,
  attempts integer not null default 0,
  error text,
  failed_at integer
);
create index lextap_outbox_lane on lextap_outbox (did, id) where failed_at is null;
create index lextap_outbox_failed on lextap_outbox (id) where failed_at is not null;
create table lextap_excluded (did text primary key);
create table lextap_identity_due (did text primary key);
create table lextap_kept (
  did text not null,
  collection_id integer not null,
  rkey text not null,
  primary key (did, collection_id, rkey)
);
alter table lextap_repo add column identified_at integer;
create table lextap_owed_delete (
  collection_id integer not null,
  repo_id integer not null,
  rkey text not null,
  did text not null,
  rev text not null,
  primary key (collection_id, repo_id, rkey)
);
insert into lextap_meta (key, value) values ('replay.known', '{"handlers":{"status xyz.statusphere.status":2},"lexicons":{}}');
insert into lextap_meta (key, value) values ('repos-epoch', '1767225600000-1-0.5');
insert into lextap_meta (key, value) values ('schema', '6');
insert into lextap_repo (id, did, state, standing, handle, pds, signing_key, rev, data, run, error, retry_count, retry_at, lease, removal, account_seq, identified_at) values (1, 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', 'active', 'active', 'alice.test', 'https://pds.test', 'did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme', '3kaaaaaaaaaa2', x'0171122027fb887efaea059c394f5b401e2c6a48c5fb288c88bce8a2a1c5f963806c1e28', 3, null, 0, null, null, null, 17, 1767225600000);
insert into lextap_repo (id, did, state, standing, handle, pds, signing_key, rev, data, run, error, retry_count, retry_at, lease, removal, account_seq, identified_at) values (2, 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb', 'error', 'active', null, 'https://pds.test', null, null, null, 1, 'the host does not answer', 4, 1767225600000, null, null, null, null);
insert into lextap_repo (id, did, state, standing, handle, pds, signing_key, rev, data, run, error, retry_count, retry_at, lease, removal, account_seq, identified_at) values (4, 'did:web:carol.test', 'active', 'takendown', 'carol.test', null, null, '3kbbbbbbbbbb2', x'0171122027fb887efaea059c394f5b401e2c6a48c5fb288c88bce8a2a1c5f963806c1e28', 1, null, 0, null, null, 'delete', 9007199254740991, null);
insert into lextap_repo (id, did, state, standing, handle, pds, signing_key, rev, data, run, error, retry_count, retry_at, lease, removal, account_seq, identified_at) values (5, 'did:plc:dddddddddddddddddddddddd', 'resyncing', 'active', null, null, null, null, null, 2, null, 0, null, 1767225600000, null, null, null);
insert into lextap_collection (id, name) values (1, 'xyz.statusphere.status');
insert into lextap_collection (id, name) values (2, 'app.bsky.feed.post');
insert into lextap_record (repo_id, collection_id, rkey, cid, run, body) values (1, 1, '3kaaaaaaaaaa2', x'017112200b355ed6e235e8c829e2b7441a888b9bf0c7dc5d370cf3f73aa510e0c6493646', 3, x'a36524747970657678797a2e73746174757370686572652e7374617475736673746174757369f09fa68b2069742773696372656174656441747818323032362d30312d30315430303a30303a30302e3030305a');
insert into lextap_record (repo_id, collection_id, rkey, cid, run, body) values (1, 1, '3kaaaaaaaaab2', x'0171122027fb887efaea059c394f5b401e2c6a48c5fb288c88bce8a2a1c5f963806c1e28', 3, x'a36524747970657678797a2e73746174757370686572652e7374617475736673746174757364f09f918d696372656174656441747818323032362d30312d30315430303a30303a30302e3030305a');
insert into lextap_record (repo_id, collection_id, rkey, cid, run, body) values (1, 2, 'A-z_~:.', x'0171122027fb887efaea059c394f5b401e2c6a48c5fb288c88bce8a2a1c5f963806c1e28', 2, null);
insert into lextap_record (repo_id, collection_id, rkey, cid, run, body) values (4, 1, 'self', x'0171122027fb887efaea059c394f5b401e2c6a48c5fb288c88bce8a2a1c5f963806c1e28', 1, x'a36524747970657678797a2e73746174757370686572652e7374617475736673746174757364f09f918d696372656174656441747818323032362d30312d30315430303a30303a30302e3030305a');
insert into lextap_resync_buffer (id, repo_id, seq, rev, frame) values (7, 5, 9007199254740991, '3kcccccccccc2', x'0001feff');
insert into lextap_cursor (source, kind, value, updated_at) values ('https://relay.test', 'com.atproto.sync.listRepos', 'page;2', 1767225600000);
insert into lextap_cursor (source, kind, value, updated_at) values ('wss://relay.test', 'com.atproto.sync.subscribeRepos', '4711', 1767225600000);
insert into lextap_dead_letter (id, repo_id, did, collection, rkey, rev, action, cid, body, kind, error, issues, attempts, created_at, updated_at) values (1, 1, 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', 'xyz.statusphere.status', '3kaaaaaaaaab2', '3kaaaaaaaaaa2', 'create', x'0171122027fb887efaea059c394f5b401e2c6a48c5fb288c88bce8a2a1c5f963806c1e28', x'a36524747970657678797a2e73746174757370686572652e7374617475736673746174757364f09f918d696372656174656441747818323032362d30312d30315430303a30303a30302e3030305a', 'handler', 'Error: it''s broken
    at put (status.ts:1:1)', null, 3, 1767225600000, 1767225600001);
insert into lextap_dead_letter (id, repo_id, did, collection, rkey, rev, action, cid, body, kind, error, issues, attempts, created_at, updated_at) values (3, -3, 'did:plc:cccccccccccccccccccccccc', '', '', '', 'account', null, x'7b22646964223a226469643a706c633a636363636363636363636363636363636363636363636363222c22737461747573223a2264656c65746564227d', 'invalid', 'no', '[{"path":["a"]}]', 1, 1767225600000, 1767225600000);
insert into lextap_uncreated (repo_id, collection, rkey) values (1, 'xyz.statusphere.status', '3kaaaaaaaaab2');
insert into lextap_outbox (id, kind, did, live, name, body, created_at, attempts, error, failed_at) values (11, 'record', 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', 1, 'at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/xyz.statusphere.status/3kaaaaaaaaaa2', '"type":"record","record":{}}', 1767225600000, 0, null, null);
insert into lextap_outbox (id, kind, did, live, name, body, created_at, attempts, error, failed_at) values (12, 'emit', 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb', 0, 'mail', '"type":"mail"}', 1767225600000, 10, '502', 1767225600005);
insert into lextap_excluded (did) values ('did:plc:eeeeeeeeeeeeeeeeeeeeeeee');
insert into lextap_identity_due (did) values ('did:plc:bbbbbbbbbbbbbbbbbbbbbbbb');
insert into lextap_kept (did, collection_id, rkey) values ('did:web:dora.test', 1, '3kaaaaaaaaaa2');
insert into lextap_owed_delete (collection_id, repo_id, rkey, did, rev) values (2, 9, '3kaaaaaaaaaa2', 'did:web:erin.test', '3kbbbbbbbbbb2');

import type { Random } from '../../src/testing/random.ts'
import type { TestDialect } from './databases.ts'

/** What makes a table more than its columns. A story has some of them, so that merging has its chance in the rest. */
export interface Oddities {
  readonly unique: 'none' | 'column' | 'partial' | 'expression' | 'deferrable' | 'generated'
  readonly reference: 'cascade' | 'set null' | 'restrict' | 'no action'
  /** The reference is looked at when the transaction ends. */
  readonly deferred: boolean
  readonly trigger: boolean
  /** A generated column that counts rows of another table. */
  readonly reader: boolean
  /** A key of which several spellings are one. */
  readonly blind: boolean
  readonly itself: boolean
}

export function oddities(random: Random, dialect: TestDialect['name']): Oddities {
  const sqlite = dialect === 'sqlite'
  const kinds = ['none', 'column', 'partial', 'expression', 'generated', 'deferrable'] as const
  return {
    unique: random.pick(sqlite ? kinds.slice(0, -1) : kinds),
    reference: random.pick(['cascade', 'set null', 'restrict', 'no action']),
    // SQLite looks when the batch ends: docs/handlers.md says so.
    deferred: !sqlite && random.chance(0.3),
    trigger: random.chance(0.25),
    reader: !sqlite && random.chance(0.3),
    blind: dialect !== 'pglite' && random.chance(0.25),
    itself: random.chance(0.25),
  }
}

/** `a` and its rows' children `b`, pairs `c`, a log, and views on them. */
export function oddTables(odd: Oddities, dialect: TestDialect['name']): string[] {
  const sqlite = dialect === 'sqlite'
  const blind = odd.blind ? (sqlite ? ' collate nocase' : ' collate blind') : ''
  const when = odd.deferred ? ' deferrable initially deferred' : ''
  const u = {
    column: ', unique (u)',
    deferrable: ', unique (u) deferrable initially immediate',
    generated: ', unique (g)',
  }
  return [
    ...(sqlite ? ['drop view if exists v', 'drop view if exists w'] : functions),
    ...(odd.blind && !sqlite ? [collation] : []),
    `create table a (id text primary key, n integer default 7 check (n < 50), u text, t text not null default 'none',
      g text generated always as (u || '!') stored, up text${odd.itself ? ' references a (id) on delete cascade' : ''}
      ${u[odd.unique as keyof typeof u] ?? ''})`,
    ...(odd.unique === 'partial' ? ['create unique index a_u on a (u) where n > 2'] : []),
    ...(odd.unique === 'expression' ? ['create unique index a_u on a (lower(u), t)'] : []),
    `create table b (id text${blind} primary key, a text references a (id) on delete ${odd.reference} on update cascade${when},
      n integer, note text${odd.reader ? ', seen integer generated always as (counted(id)) stored' : ''}, check (n is null or n <> 13))`,
    `create table c (x text, y text${blind}, n integer, big bigint, primary key (x, y))`,
    'create table log (who text, what text)',
    'create view v as select a.id, a.n, b.id as child, b.note from a left join b on b.a = a.id',
    `create view w as select id, n, t from a`,
    ...(odd.trigger ? (sqlite ? sqliteTrigger : postgresTrigger) : []),
  ]
}

const collation =
  "create collation if not exists blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
const functions = [
  'create table if not exists a (id text primary key)',
  `create or replace function counted(x text) returns integer immutable language sql as
    'select count(*)::integer from a where split_part(id, ''-'', 1) = split_part(x, ''-'', 1)'`,
  'drop table a cascade',
]

const sqliteTrigger = [
  `create trigger told after insert on b begin
    update a set n = coalesce(n, 0) + 1 where id = new.a; insert into log values (new.id, 'trigger'); end`,
]
const postgresTrigger = [
  `create or replace function tell() returns trigger language plpgsql as
    'begin update a set n = coalesce(n, 0) + 1 where id = new.a; insert into log values (new.id, ''trigger''); return new; end'`,
  'create trigger told after insert on b for each row execute function tell()',
]

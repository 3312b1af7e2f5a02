import type { Session } from '../../store/database.ts'

/**
 * While tables are built apart, every change of the record index and of who an account is gets noted by triggers, in
 * the transaction that makes it and whichever process that is.
 */
export const LOG = 'lextap_replay_change'

/** What happened to a path, oldest first. An account's changes have collection 0. */
export interface Noted {
  readonly id: number
  readonly repo_id: number
  readonly did: string
  readonly collection_id: number
  readonly rkey: string
  readonly op: 'INSERT' | 'UPDATE' | 'DELETE'
}

export async function startLog(tx: Session): Promise<void> {
  await stopLog(tx)
  await tx.run(`create table ${LOG} (id bigint generated always as identity primary key, repo_id integer not null,
    did text not null, collection_id integer not null, rkey text collate "C" not null, op text not null)`)
  await tx.run(`create function lextap_note_record() returns trigger language plpgsql as $$
    declare r lextap_record := case when tg_op = 'DELETE' then old else new end;
    begin
      if tg_op = 'UPDATE' and old.cid = new.cid then return null; end if;
      insert into ${LOG} (repo_id, did, collection_id, rkey, op)
        select r.repo_id, p.did, r.collection_id, r.rkey, tg_op from lextap_repo p where p.id = r.repo_id;
      return null;
    end $$`)
  await tx.run(`create function lextap_note_repo() returns trigger language plpgsql as $$
    begin
      if tg_op = 'UPDATE' and (old.handle, old.pds, old.signing_key, old.standing)
        is not distinct from (new.handle, new.pds, new.signing_key, new.standing) then return null; end if;
      insert into ${LOG} (repo_id, did, collection_id, rkey, op) values (new.id, new.did, 0, '', tg_op);
      return null;
    end $$`)
  await tx.run(`create trigger lextap_note after insert or update or delete on lextap_record
    for each row execute function lextap_note_record()`)
  await tx.run(`create trigger lextap_note after insert or update on lextap_repo
    for each row execute function lextap_note_repo()`)
}

export async function stopLog(tx: Session): Promise<void> {
  await tx.run('drop trigger if exists lextap_note on lextap_record')
  await tx.run('drop trigger if exists lextap_note on lextap_repo')
  await tx.run('drop function if exists lextap_note_record()')
  await tx.run('drop function if exists lextap_note_repo()')
  await tx.run(`drop table if exists ${LOG}`)
}

export const readLog = (tx: Session, limit: number): Promise<Noted[]> =>
  tx.all<Noted>(`select id, repo_id, did, collection_id, rkey, op from ${LOG} order by id limit $1`, [limit])

/** By id: one with a lower number may still be on its way. */
export async function forget(tx: Session, noted: readonly Noted[]): Promise<void> {
  await tx.run(`delete from ${LOG} where id = any($1::bigint[])`, [noted.map(({ id }) => id)])
}

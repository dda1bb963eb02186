//! The audit log: a chain of entries that the database itself refuses to change or delete, and the chain's end,
//! noted beside it so that a log that was cut off shows.

crate::sql::script!(
    "m0008_audit",
    "
create table audit_log (
  number bigint primary key,
  id {id} not null unique,
  at_us bigint not null,
  actor_id text not null,
  actor_name text not null,
  action text not null,
  target text not null,
  merchant_id {id},
  app_id {id},
  ip text,
  request_id text,
  before text,
  after text,
  hash {bytes} not null
);
create index audit_log_merchant on audit_log (merchant_id, id);
create index audit_log_actor on audit_log (actor_id, id);
create index audit_log_target on audit_log (target, id);

create table audit_end (one smallint primary key check (one = 1), length bigint not null, hash {bytes} not null);
--pg insert into audit_end values (1, 0, decode(repeat('00', 32), 'hex'));
--lite insert into audit_end values (1, 0, zeroblob(32));

--pg create function audit_log_is_append_only() returns trigger language plpgsql as
--pg  'begin raise exception ''the audit log is append-only''; end';
--pg create trigger audit_log_append_only before update or delete or truncate on audit_log
--pg   for each statement execute function audit_log_is_append_only();
--lite create trigger audit_log_no_update before update on audit_log begin select raise(abort, 'the audit log is append-only'); end;
--lite create trigger audit_log_no_delete before delete on audit_log begin select raise(abort, 'the audit log is append-only'); end;
"
);

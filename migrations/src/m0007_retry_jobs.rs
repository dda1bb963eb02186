//! Bulk retry jobs: what was asked for, how far it has come, and the deliveries whose result it waits for. Jobs of
//! deliveries carry a mark, by which workers keep them behind live work.

crate::sql::script!(
    "m0007_retry_jobs",
    "
alter table jobs add column bulk boolean not null default false;

create table retry_jobs (
  id {id} not null primary key,
  merchant_id {id},
  actor text not null,
  selection text not null,
  include_succeeded boolean not null,
  rate integer not null,
  status smallint not null,
  estimate bigint not null,
  queued bigint not null,
  skipped bigint not null,
  succeeded bigint not null,
  failed bigint not null,
  withdrawn bigint not null,
  cursor_id {id} not null,
  looked_through boolean not null,
  owner_id {id},
  lease_until_us bigint not null,
  created_us bigint not null,
  finished_us bigint
);
create index retry_jobs_merchant on retry_jobs (merchant_id, id);
create index retry_jobs_unfinished on retry_jobs (id) where finished_us is null;

create table retry_job_items (
  retry_job_id {id} not null,
  delivery_id {id} not null,
  number integer not null,
  primary key (retry_job_id, delivery_id)
)
--pg with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000)
;
"
);

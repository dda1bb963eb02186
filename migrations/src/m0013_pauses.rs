//! Deliveries held back by ops. Few pauses, all of them in every process's memory; the jobs they hold have an index of
//! their own, which costs other jobs nothing.

crate::sql::script!(
    "m0013_pauses",
    "
create table pauses (
  id {id} primary key,
  scope smallint not null,
  merchant_id {id},
  host text,
  endpoint_id {id},
  reason text not null,
  paused_by text not null,
  created_us bigint not null
);
create index jobs_held on jobs (shard, id) where due_us = 9000000000000000;
"
);

//! Deliveries held back by ops. Few rows, all of them in every process's memory.

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
"
);

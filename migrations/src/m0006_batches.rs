//! Batches: endpoints that collect events, and which attempts shared one request.

crate::sql::script!(
    "m0006_batches",
    "
alter table endpoints add column batch_max integer;
alter table endpoints add column batch_wait_us bigint;
alter table attempts add column batch_id {id};
"
);

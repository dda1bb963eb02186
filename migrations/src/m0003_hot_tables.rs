//! The tables of the main job. Append-heavy ones are cut by day on PostgreSQL, on the UUIDv7 that leads
//! their key; storage makes and drops the days. What must be unique across days (`keys`) and what is
//! short-lived (`jobs`) stands apart. No foreign keys: a day must be droppable alone.
//! `deliveries` has no index on a column that changes, so that settling is a HOT update.

crate::sql::script!(
    "m0003_hot_tables",
    "
create table events (
  id {id} not null,
  merchant_id {id} not null,
  event_id text not null,
  event_type text not null,
  payload {bytes} not null,
  store text not null,
  occurred_us bigint not null,
  is_test boolean not null,
  primary key (id)
)
--pg partition by range (id)
;
create index events_merchant on events (merchant_id, id);

create table deliveries (
  id {id} not null,
  event_id {id} not null,
  endpoint_id {id} not null,
  merchant_id {id} not null,
  status smallint not null,
  skip_reason smallint,
  attempt_count integer not null,
  last_outcome smallint,
  last_http_status smallint,
  finished_us bigint,
  is_test boolean not null,
  primary key (id)
)
--pg partition by range (id)
;
create index deliveries_merchant on deliveries (merchant_id, id);
create index deliveries_endpoint on deliveries (endpoint_id, id);

create table attempts (
  delivery_id {id} not null,
  number integer not null,
  id {id} not null,
  endpoint_id {id} not null,
  trigger smallint not null,
  actor text,
  late boolean not null,
  started_us bigint not null,
  duration_us bigint not null,
  dns_us bigint,
  connect_us bigint,
  tls_us bigint,
  first_byte_us bigint,
  url text not null,
  remote_ip text,
  request_headers text not null,
  outcome smallint not null,
  error text not null,
  http_status smallint,
  response_headers text not null,
  response_body {bytes} not null,
  body_state smallint not null,
  primary key (delivery_id, number, id)
)
--pg partition by range (delivery_id)
;

create table failed_deliveries (
  merchant_id {id} not null,
  delivery_id {id} not null,
  primary key (merchant_id, delivery_id)
);
create index failed_deliveries_delivery on failed_deliveries (delivery_id);

create table jobs (
  id {id} not null primary key,
  event_id {id} not null,
  endpoint_id {id} not null,
  merchant_id {id} not null,
  shard smallint not null,
  due_us bigint not null,
  number integer not null,
  open boolean not null,
  trigger smallint not null,
  actor text
)
--pg with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0)
;
create index jobs_due on jobs (shard, due_us);

create table keys (
  merchant_id {id} not null,
  key_hash {bytes} not null,
  target_id {id} not null,
  body_hash {bytes} not null,
  created_us bigint not null,
  primary key (merchant_id, key_hash)
);
create index keys_created on keys (created_us);

create table workers (id {id} primary key, seen_us bigint not null);
"
);

//! What triggers know: devices, shoppers, sessions, checkouts, timers, and the raw history. Sessions and checkouts
//! are narrow rows without an index on what an activity moves, so that a view is a HOT update. Histories lie with
//! their subjects: cut by day on the subject's id, so that a day can be dropped alone.

crate::sql::script!(
    "m0005_triggers",
    "
create table visitors (
  merchant_id {id} not null,
  device {bytes} not null,
  shopper_id {id},
  session_id {id},
  sessions integer not null,
  first_seen_us bigint not null,
  known_since_us bigint,
  primary key (merchant_id, device)
)
--pg with (fillfactor = 80)
;

create table shoppers (
  id {id} not null primary key,
  merchant_id {id} not null,
  contact_id text not null,
  email text,
  phone text,
  dial_code text,
  first_name text,
  last_name text,
  created_us bigint not null
);

create table shopper_keys (
  merchant_id {id} not null,
  name {bytes} not null,
  shopper_id {id} not null,
  primary key (merchant_id, name)
);

create table told_once (
  merchant_id {id} not null,
  name {bytes} not null,
  primary key (merchant_id, name)
);

create table sessions (
  id {id} not null primary key,
  merchant_id {id} not null,
  name {bytes},
  client_id text,
  device {bytes} not null,
  shopper_id {id},
  state smallint not null,
  opened_us bigint not null,
  last_us bigint not null,
  ended_us bigint,
  span_us bigint not null,
  checkout_id {id}
)
--pg with (fillfactor = 80)
;
create index sessions_merchant on sessions (merchant_id, id);
create index sessions_shopper on sessions (shopper_id, id) where shopper_id is not null;
create unique index sessions_name on sessions (merchant_id, name) where name is not null;

create table checkouts (
  id {id} not null primary key,
  merchant_id {id} not null,
  kind smallint not null,
  name {bytes} not null,
  client_id text not null,
  device {bytes} not null,
  session_id {id},
  shopper_id {id},
  state smallint not null,
  step smallint not null,
  step_us bigint not null,
  opened_us bigint not null,
  last_us bigint not null,
  ended_us bigint,
  recovered_us bigint,
  superseded_by {id},
  span_us bigint not null,
  sliding boolean not null,
  announced boolean not null,
  in_upsell boolean not null
)
--pg with (fillfactor = 80)
;
create index checkouts_merchant on checkouts (merchant_id, id);
create unique index checkouts_name on checkouts (merchant_id, kind, name);
create index checkouts_device on checkouts (merchant_id, device, opened_us);
create index checkouts_device_open on checkouts (merchant_id, device, opened_us) where state = 0;
create index checkouts_shopper on checkouts (shopper_id, opened_us) where shopper_id is not null;
create index checkouts_shopper_open on checkouts (shopper_id, opened_us) where state = 0 and shopper_id is not null;

create table timers (
  subject_id {id} not null,
  kind smallint not null,
  merchant_id {id} not null,
  shard smallint not null,
  due_us bigint not null,
  primary key (subject_id, kind)
)
--pg with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0)
;
create index timers_due on timers (shard, due_us);

create table activities (
  subject_id {id} not null,
  at_us bigint not null,
  id {id} not null,
  merchant_id {id} not null,
  kind smallint not null,
  note smallint not null,
  body {bytes} not null,
  primary key (subject_id, at_us, id)
)
--pg partition by range (subject_id)
;

create table fired_events (
  subject_id {id} not null,
  event_id {id} not null,
  activity_id {id},
  primary key (subject_id, event_id)
)
--pg partition by range (subject_id)
;
"
);

//! What people run a platform with: the zone of a store, what a key is for, who looks after a failing endpoint, and which
//! mails about it have gone out.

crate::sql::script!(
    "m0015_ops",
    "
alter table merchants add column time_zone text;
alter table api_keys add column environment smallint not null default 0;
create table acknowledgements (
  endpoint_id {id} primary key,
  since_us bigint not null,
  note text not null,
  acknowledged_by text not null,
  created_us bigint not null
);
create table notices (
  endpoint_id {id} not null,
  since_us bigint not null,
  kind smallint not null,
  sent_us bigint not null,
  primary key (endpoint_id, since_us, kind)
);
"
);

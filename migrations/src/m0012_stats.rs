//! Counts of events and attempts in slots of a minute and an hour: of everybody, of each merchant, of each endpoint.
//! Charts read these, not the log.

crate::sql::script!(
    "m0012_stats",
    "
create table stats (
  subject_id {id} not null,
  span_s integer not null,
  slot_us bigint not null,
  what smallint not null,
  event_type text not null,
  outcome smallint not null,
  http_status smallint not null,
  class_ms integer not null,
  scope smallint not null,
  count bigint not null,
  primary key (subject_id, span_s, slot_us, what, event_type, outcome, http_status, class_ms)
)
--pg with (fillfactor = 70)
;
create index stats_slot on stats (scope, span_s, slot_us);
"
);

//! Apps, and which merchants have them installed. An endpoint belongs to a merchant or to an app. SQLite cannot
//! loosen a column, so there the table is made anew, and with it those that refer to it.

crate::sql::script!(
    "m0004_apps",
    "
create table apps (
  id {id} primary key,
  name text not null,
  description text not null,
  deleted_us bigint,
  created_us bigint not null,
  updated_us bigint not null
);

create table installations (
  id {id} primary key,
  merchant_id {id} not null references merchants (id),
  app_id {id} not null references apps (id),
  installed_us bigint not null,
  uninstalled_us bigint
);
create unique index installations_merchant on installations (merchant_id, app_id);
create index installations_app on installations (app_id, id);

--pg alter table endpoints alter column merchant_id drop not null;
--pg alter table endpoints add column app_id uuid references apps (id);
--pg alter table endpoints add constraint endpoints_owner check ((merchant_id is null) <> (app_id is null));

--lite create table endpoints_before as select * from endpoints;
--lite create table endpoint_secrets_before as select * from endpoint_secrets;
--lite create table subscriptions_before as select * from subscriptions;
--lite drop table endpoint_secrets;
--lite drop table subscriptions;
--lite drop table endpoints;

--lite create table endpoints (
--lite   id {id} primary key,
--lite   merchant_id {id} references merchants (id),
--lite   app_id {id} references apps (id),
--lite   url text not null,
--lite   dialect smallint not null,
--lite   description text not null,
--lite   version text not null,
--lite   headers {bytes} not null,
--lite   rate_limit integer,
--lite   timeout_us bigint,
--lite   schedule text,
--lite   signed boolean not null,
--lite   disabled_reason smallint,
--lite   disabled_us bigint,
--lite   failing_since_us bigint,
--lite   deleted_us bigint,
--lite   created_us bigint not null,
--lite   updated_us bigint not null,
--lite   check ((merchant_id is null) <> (app_id is null))
--lite );
--lite create index endpoints_merchant on endpoints (merchant_id, id);
--lite create table endpoint_secrets (
--lite   endpoint_id {id} primary key references endpoints (id),
--lite   secret {bytes} not null,
--lite   signing {bytes} not null,
--lite   previous {bytes},
--lite   previous_until_us bigint
--lite );
--lite create table subscriptions (
--lite   endpoint_id {id} not null references endpoints (id),
--lite   event_type text not null,
--lite   primary key (endpoint_id, event_type)
--lite );

--lite insert into endpoints (id, merchant_id, url, dialect, description, version, headers, rate_limit,
--lite   timeout_us, schedule, signed, disabled_reason, disabled_us, failing_since_us, deleted_us, created_us,
--lite   updated_us)
--lite   select id, merchant_id, url, dialect, description, version, headers, rate_limit, timeout_us, schedule,
--lite   signed, disabled_reason, disabled_us, failing_since_us, deleted_us, created_us, updated_us
--lite   from endpoints_before;
--lite insert into endpoint_secrets (endpoint_id, secret, signing, previous, previous_until_us)
--lite   select endpoint_id, secret, signing, previous, previous_until_us from endpoint_secrets_before;
--lite insert into subscriptions (endpoint_id, event_type)
--lite   select endpoint_id, event_type from subscriptions_before;
--lite drop table endpoints_before;
--lite drop table endpoint_secrets_before;
--lite drop table subscriptions_before;

create index endpoints_app on endpoints (app_id, id);
"
);

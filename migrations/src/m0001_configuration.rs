//! What people configure: merchants with their store, endpoints with secrets and subscriptions, event
//! types. Every change bumps `config_clock` and notes the merchant, so that caches know exactly when
//! they are stale.

crate::sql::script!(
    "m0001_configuration",
    "
create table config_clock (id smallint primary key, v bigint not null);
insert into config_clock (id, v) values (1, 0);
create table config_changes (v bigint not null, merchant_id {id} not null, primary key (v, merchant_id));

create table merchants (
  id {id} primary key,
  name text not null,
  store_id text not null,
  store_name text not null,
  shopify_domain text,
  main_domain text,
  currency text,
  flashy_account_id bigint,
  settings text not null,
  suspended boolean not null,
  deleted_us bigint,
  created_us bigint not null,
  updated_us bigint not null
);

create table endpoints (
  id {id} primary key,
  merchant_id {id} not null references merchants (id),
  url text not null,
  dialect smallint not null,
  description text not null,
  version text not null,
  headers {bytes} not null,
  rate_limit integer,
  timeout_us bigint,
  schedule text,
  signed boolean not null,
  disabled_reason smallint,
  disabled_us bigint,
  failing_since_us bigint,
  deleted_us bigint,
  created_us bigint not null,
  updated_us bigint not null
);
create index endpoints_merchant on endpoints (merchant_id, id);

create table endpoint_secrets (
  endpoint_id {id} primary key references endpoints (id),
  secret {bytes} not null,
  signing {bytes} not null,
  previous {bytes},
  previous_until_us bigint
);

create table subscriptions (
  endpoint_id {id} not null references endpoints (id),
  event_type text not null,
  primary key (endpoint_id, event_type)
);

create table event_types (
  name text primary key,
  dialect smallint not null,
  description text not null,
  fires_when text not null,
  schema text,
  example text not null,
  created_us bigint not null
);
"
);

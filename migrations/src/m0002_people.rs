//! Who may call: users, their memberships and refresh tokens, API keys; the server's own keys; the
//! answers that repeats of an Idempotency-Key are given.

crate::sql::script!(
    "m0002_people",
    "
create table users (
  id {id} primary key,
  email text not null unique,
  password_hash text not null,
  platform_role smallint,
  created_us bigint not null
);

create table memberships (
  user_id {id} not null references users (id),
  merchant_id {id} not null references merchants (id),
  role smallint not null,
  primary key (user_id, merchant_id)
);

create table refresh_tokens (
  token_hash {bytes} primary key,
  family {id} not null,
  user_id {id} not null references users (id),
  expires_us bigint not null,
  used_us bigint
);
create index refresh_tokens_family on refresh_tokens (family);

create table api_keys (
  id {id} primary key,
  merchant_id {id} references merchants (id),
  name text not null,
  key_hash {bytes} not null unique,
  scopes text not null,
  expires_us bigint,
  last_used_us bigint,
  created_us bigint not null
);
create index api_keys_merchant on api_keys (merchant_id, id);

create table server_keys (name text primary key, value {bytes} not null, created_us bigint not null);

create table idempotent_answers (
  scope_id {id} not null,
  key_hash {bytes} not null,
  body_hash {bytes} not null,
  status smallint,
  location text,
  body {bytes},
  created_us bigint not null,
  primary key (scope_id, key_hash)
);
create index idempotent_answers_created on idempotent_answers (created_us);
"
);

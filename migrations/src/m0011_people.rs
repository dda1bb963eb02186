//! Logins that are seen and ended one by one, by people and through portal links; links that are good once;
//! invitations; developers of apps as people. Every refresh token belongs to a login from here on.

crate::sql::script!(
    "m0011_people",
    "
create table logins (
  id {id} primary key,
  user_id {id} references users (id) on delete cascade,
  merchant_id {id} references merchants (id),
  role smallint,
  label text,
  ip text,
  user_agent text,
  created_us bigint not null,
  seen_us bigint not null,
  expires_us bigint not null
);
create index logins_user on logins (user_id, id);
create index logins_expires on logins (expires_us);

insert into logins (id, user_id, created_us, seen_us, expires_us)
--pg   select family, user_id, t.now, t.now, max(expires_us) from refresh_tokens,
--pg   (select (extract(epoch from clock_timestamp()) * 1000000)::bigint as now) t group by family, user_id, t.now;
--lite   select family, user_id, unixepoch() * 1000000, unixepoch() * 1000000, max(expires_us)
--lite   from refresh_tokens group by family, user_id;

create table login_tokens (
  token_hash {bytes} primary key,
  login_id {id} not null references logins (id) on delete cascade,
  expires_us bigint not null,
  used_us bigint
);
insert into login_tokens (token_hash, login_id, expires_us, used_us)
  select token_hash, family, expires_us, used_us from refresh_tokens;
drop table refresh_tokens;
alter table login_tokens rename to refresh_tokens;
create index refresh_tokens_login on refresh_tokens (login_id);

create table one_time_links (
  token_hash {bytes} primary key,
  user_id {id} references users (id) on delete cascade,
  merchant_id {id} references merchants (id),
  role smallint,
  label text,
  lasts_s bigint,
  expires_us bigint not null
);
create index one_time_links_expires on one_time_links (expires_us);

create table invitations (
  id {id} primary key,
  token_hash {bytes} not null unique,
  email text not null,
  platform_role smallint,
  merchant_id {id} references merchants (id),
  merchant_role smallint,
  app_id {id} references apps (id),
  invited_by text not null,
  created_us bigint not null,
  expires_us bigint not null
);
create index invitations_merchant on invitations (merchant_id, id);

create table app_developers (
  user_id {id} not null references users (id) on delete cascade,
  app_id {id} not null references apps (id),
  primary key (user_id, app_id)
);
create index memberships_merchant on memberships (merchant_id, user_id);
"
);

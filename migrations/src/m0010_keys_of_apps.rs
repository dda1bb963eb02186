//! API keys of apps: their developers' programs reach their own endpoints and deliveries.

crate::sql::script!(
    "m0010_keys_of_apps",
    "
alter table api_keys add column app_id {id};
create index api_keys_app on api_keys (app_id, id);
"
);

//! The first letters of API keys, so that a key in somebody's hands is found in the list. Older keys have none.

crate::sql::script!(
    "m0014_key_prefixes",
    "
alter table api_keys add column prefix text;
"
);

//! A link that is good once, by the hash of its token: to a new password of a user, or into a merchant's portal.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "one_time_links")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: Vec<u8>,
    pub user_id: Option<Uuid>,
    pub merchant_id: Option<Uuid>,
    pub role: Option<i16>,
    pub label: Option<String>,
    pub lasts_s: Option<i64>,
    pub expires_us: i64,
}

/// No relations: joins are spelled where they are used.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

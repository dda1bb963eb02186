//! An API key, by its hash.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub merchant_id: Option<Uuid>,
    pub app_id: Option<Uuid>,
    pub name: String,
    pub key_hash: Vec<u8>,
    pub scopes: String,
    pub expires_us: Option<i64>,
    pub last_used_us: Option<i64>,
    pub created_us: i64,
    pub prefix: Option<String>,
    pub environment: i16,
}

/// No relations: joins are spelled where they are used.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! An invitation that nobody has accepted yet.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invitations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub token_hash: Vec<u8>,
    pub email: String,
    pub platform_role: Option<i16>,
    pub merchant_id: Option<Uuid>,
    pub merchant_role: Option<i16>,
    pub app_id: Option<Uuid>,
    pub invited_by: String,
    pub created_us: i64,
    pub expires_us: i64,
}

/// No relations: joins are spelled where they are used.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

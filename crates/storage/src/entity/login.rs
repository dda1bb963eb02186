//! A login: a person's, or one through a portal link.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "logins")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Option<Uuid>,
    pub merchant_id: Option<Uuid>,
    pub role: Option<i16>,
    pub label: Option<String>,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub created_us: i64,
    pub seen_us: i64,
    pub expires_us: i64,
}

/// No relations: joins are spelled where they are used.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! A browsing session.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub merchant_id: Uuid,
    pub name: Option<Vec<u8>>,
    pub client_id: Option<String>,
    pub device: Vec<u8>,
    pub shopper_id: Option<Uuid>,
    pub state: i16,
    pub opened_us: i64,
    pub last_us: i64,
    pub ended_us: Option<i64>,
    pub span_us: i64,
    pub checkout_id: Option<Uuid>,
}

/// No relations: joins are spelled where they are used.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

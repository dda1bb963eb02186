//! A delivery.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deliveries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub event_id: Uuid,
    pub endpoint_id: Uuid,
    pub merchant_id: Uuid,
    pub status: i16,
    pub skip_reason: Option<i16>,
    pub attempt_count: i32,
    pub last_outcome: Option<i16>,
    pub last_http_status: Option<i16>,
    pub finished_us: Option<i64>,
    pub is_test: bool,
}

/// No relations: joins are spelled where they are used.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

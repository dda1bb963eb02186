//! Counts by slots of time.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stats")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub span_s: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub slot_us: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub what: i16,
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_type: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub outcome: i16,
    #[sea_orm(primary_key, auto_increment = false)]
    pub http_status: i16,
    #[sea_orm(primary_key, auto_increment = false)]
    pub class_ms: i32,
    pub scope: i16,
    pub count: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

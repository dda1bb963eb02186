//! An endpoint without its secrets.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "endpoints")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub merchant_id: Option<Uuid>,
    pub app_id: Option<Uuid>,
    pub url: String,
    pub dialect: i16,
    pub description: String,
    pub version: String,
    pub headers: Vec<u8>,
    pub rate_limit: Option<i32>,
    pub timeout_us: Option<i64>,
    pub schedule: Option<String>,
    pub signed: bool,
    pub disabled_reason: Option<i16>,
    pub disabled_us: Option<i64>,
    pub failing_since_us: Option<i64>,
    pub deleted_us: Option<i64>,
    pub created_us: i64,
    pub updated_us: i64,
    pub batch_max: Option<i32>,
    pub batch_wait_us: Option<i64>,
}

/// No relations: joins are spelled where they are used.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

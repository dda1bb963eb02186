//! A checkout session.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "checkouts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub merchant_id: Uuid,
    pub kind: i16,
    pub name: Vec<u8>,
    pub client_id: String,
    pub device: Vec<u8>,
    pub session_id: Option<Uuid>,
    pub shopper_id: Option<Uuid>,
    pub state: i16,
    pub step: i16,
    pub step_us: i64,
    pub opened_us: i64,
    pub last_us: i64,
    pub ended_us: Option<i64>,
    pub recovered_us: Option<i64>,
    pub superseded_by: Option<Uuid>,
    pub span_us: i64,
    pub sliding: bool,
    pub announced: bool,
    pub in_upsell: bool,
}

/// No relations: joins are spelled where they are used.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

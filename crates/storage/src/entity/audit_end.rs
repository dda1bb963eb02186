//! The end of the audit log's chain: one row.

use sea_orm::entity::prelude::*;

/// The row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_end")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub one: i16,
    pub length: i64,
    pub hash: Vec<u8>,
}

/// No relations: joins are spelled where they are used.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

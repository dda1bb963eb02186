//! A bulk retry job.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "retry_jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub merchant_id: Option<Uuid>,
    pub actor: String,
    /// Which deliveries, as JSON.
    pub selection: String,
    pub include_succeeded: bool,
    pub rate: i32,
    pub status: i16,
    pub estimate: i64,
    pub queued: i64,
    pub skipped: i64,
    pub succeeded: i64,
    pub failed: i64,
    pub withdrawn: i64,
    /// The last delivery that was looked at.
    pub cursor_id: Uuid,
    pub looked_through: bool,
    /// The worker that runs it, as long as its lease lasts.
    pub owner_id: Option<Uuid>,
    pub lease_until_us: i64,
    pub created_us: i64,
    pub finished_us: Option<i64>,
}

/// No relations: joins are spelled where they are used.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

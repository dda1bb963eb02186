//! An attempt.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attempts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub delivery_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub endpoint_id: Uuid,
    pub trigger: i16,
    pub actor: Option<String>,
    pub late: bool,
    pub started_us: i64,
    pub duration_us: i64,
    pub dns_us: Option<i64>,
    pub connect_us: Option<i64>,
    pub tls_us: Option<i64>,
    pub first_byte_us: Option<i64>,
    pub url: String,
    pub remote_ip: Option<String>,
    pub request_headers: String,
    pub outcome: i16,
    pub error: String,
    pub http_status: Option<i16>,
    pub response_headers: String,
    pub response_body: Vec<u8>,
    pub body_state: i16,
    pub batch_id: Option<Uuid>,
}

/// No relations: joins are spelled where they are used.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

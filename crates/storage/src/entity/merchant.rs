//! A merchant with its store.

use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "merchants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    pub store_id: String,
    pub store_name: String,
    pub shopify_domain: Option<String>,
    pub main_domain: Option<String>,
    pub currency: Option<String>,
    pub flashy_account_id: Option<i64>,
    pub settings: String,
    pub suspended: bool,
    pub deleted_us: Option<i64>,
    pub created_us: i64,
    pub updated_us: i64,
    pub time_zone: Option<String>,
}

/// No relations: joins are spelled where they are used.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

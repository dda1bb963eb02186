//! Notices to merchants about their failing endpoints: which are due, and which have gone out. A row stands for the
//! mails of one kind about one failure, so that of all processes one sends them, once. Who words and sends them is not
//! known here.

use std::collections::HashMap;
use std::time::Duration;

use domain::clock::{Clock as _, Micros};
use domain::endpoint::{DisabledReason, Endpoint};
use domain::id::{EndpointId, MerchantId};
use domain::tenancy::PlatformScope;
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Set,
    sea_query::{Expr, ExprTrait as _, OnConflict, Query, SelectStatement},
};
use uuid::Uuid;

use crate::entity::{endpoint, membership, merchant, notice, user};
use crate::users::MerchantRole;
use crate::{Error, Storage};

/// For how long a disabled endpoint is news: when mails are first sent, nobody is told of what happened months ago.
const NEWS: Duration = Duration::from_hours(24);
/// Roles of those who are told: they may mend the endpoint.
const TOLD: [i16; 2] = [MerchantRole::Developer as i16, MerchantRole::Owner as i16];

/// What a merchant is told of a failing endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum NoticeKind {
    /// It will be disabled if it goes on to fail.
    Warning = 0,
    /// It has been disabled.
    Disabled = 1,
}

/// A notice that nobody has sent yet.
#[derive(Debug, Clone)]
pub struct DueNotice {
    /// What it tells.
    pub kind: NoticeKind,
    /// What its failure is known by: since when the endpoint has failed, of a disabled one when it was disabled.
    pub since: Micros,
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// The merchant's name.
    pub merchant: String,
    /// Emails of the merchant's owners and developers; at least one.
    pub emails: Vec<String>,
}

impl Storage {
    /// Notices that are due, at most `limit`: warnings of endpoints that are on and have failed since before
    /// `failing_before`, and news of those that were disabled for it during the last day. Apps' endpoints have none,
    /// nor have those of merchants that are suspended, deleted, or without owners and developers.
    ///
    /// Errors: the database cannot be reached.
    pub async fn due_notices(
        &self,
        _scope: PlatformScope,
        failing_before: Micros,
        limit: u64,
    ) -> Result<Vec<DueNotice>, Error> {
        let for_failing = [DisabledReason::Failing, DisabledReason::Gone].map(DisabledReason::code);
        let warned = Condition::all()
            .add(endpoint::Column::DisabledUs.is_null())
            .add(endpoint::Column::FailingSinceUs.lt(failing_before.0))
            .add(not_told(
                NoticeKind::Warning,
                endpoint::Column::FailingSinceUs,
            ));
        // By the time it was disabled: a late success takes the other one away.
        let disabled = Condition::all()
            .add(endpoint::Column::DisabledReason.is_in(for_failing))
            .add(endpoint::Column::DisabledUs.gt((self.clock().now() - NEWS).0))
            .add(not_told(NoticeKind::Disabled, endpoint::Column::DisabledUs));
        let rows = endpoint::Entity::find()
            .filter(endpoint::Column::DeletedUs.is_null())
            .filter(endpoint::Column::MerchantId.in_subquery(merchants_with_people()))
            .filter(Condition::any().add(warned).add(disabled))
            .order_by_asc(endpoint::Column::Id)
            .limit(limit)
            .all(&self.reads)
            .await?;
        let merchants: Vec<Uuid> = rows.iter().filter_map(|row| row.merchant_id).collect();
        let names = self.names_of(&merchants).await?;
        let emails = self.emails_of(&merchants).await?;
        Ok(self
            .with_subscriptions(&self.reads, rows)
            .await?
            .into_iter()
            .filter_map(|endpoint| {
                let (kind, since) = match endpoint.disabled {
                    Some((_, at)) => (NoticeKind::Disabled, at),
                    None => (NoticeKind::Warning, endpoint.failing_since?),
                };
                let merchant_id = endpoint.owner.merchant_id()?;
                Some(DueNotice {
                    kind,
                    since,
                    merchant_id,
                    // Who is gone by now has neither.
                    merchant: names.get(&merchant_id.uuid())?.clone(),
                    emails: emails.get(&merchant_id.uuid())?.clone(),
                    endpoint,
                })
            })
            .collect())
    }

    /// Takes a notice, so that nobody else sends it; false when somebody has it already.
    ///
    /// Errors: the database cannot be reached.
    pub async fn claim_notice(
        &self,
        _scope: PlatformScope,
        endpoint_id: EndpointId,
        since: Micros,
        kind: NoticeKind,
    ) -> Result<bool, Error> {
        let row = notice::ActiveModel {
            endpoint_id: Set(endpoint_id.uuid()),
            since_us: Set(since.0),
            kind: Set(kind as i16),
            sent_us: Set(self.clock().now().0),
        };
        let key = [
            notice::Column::EndpointId,
            notice::Column::SinceUs,
            notice::Column::Kind,
        ];
        let write = self.begin_write().await?;
        let made = notice::Entity::insert(row)
            .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
            .exec_without_returning(&write.transaction)
            .await?;
        write.commit().await?;
        Ok(made == 1)
    }

    /// Gives a notice back that was taken and could not be sent: it is due again.
    ///
    /// Errors: the database cannot be reached.
    pub async fn withdraw_notice(
        &self,
        _scope: PlatformScope,
        endpoint_id: EndpointId,
        since: Micros,
        kind: NoticeKind,
    ) -> Result<(), Error> {
        let write = self.begin_write().await?;
        notice::Entity::delete_by_id((endpoint_id.uuid(), since.0, kind as i16))
            .exec(&write.transaction)
            .await?;
        write.commit().await
    }

    async fn names_of(&self, merchants: &[Uuid]) -> Result<HashMap<Uuid, String>, Error> {
        Ok(merchant::Entity::find()
            .select_only()
            .columns([merchant::Column::Id, merchant::Column::Name])
            .filter(merchant::Column::Id.is_in(merchants.iter().copied()))
            .into_tuple::<(Uuid, String)>()
            .all(&self.reads)
            .await?
            .into_iter()
            .collect())
    }

    /// The emails of those who are told, by merchant.
    async fn emails_of(&self, merchants: &[Uuid]) -> Result<HashMap<Uuid, Vec<String>>, Error> {
        let held = membership::Entity::find()
            .filter(membership::Column::MerchantId.is_in(merchants.iter().copied()))
            .filter(membership::Column::Role.is_in(TOLD))
            .order_by_asc(membership::Column::UserId)
            .all(&self.reads)
            .await?;
        let known: HashMap<Uuid, String> = user::Entity::find()
            .select_only()
            .columns([user::Column::Id, user::Column::Email])
            .filter(user::Column::Id.is_in(held.iter().map(|row| row.user_id)))
            .into_tuple::<(Uuid, String)>()
            .all(&self.reads)
            .await?
            .into_iter()
            .collect();
        let mut emails: HashMap<Uuid, Vec<String>> = HashMap::new();
        for row in held {
            if let Some(email) = known.get(&row.user_id) {
                let of_merchant = emails.entry(row.merchant_id).or_default();
                of_merchant.push(email.clone());
            }
        }
        Ok(emails)
    }
}

/// The ids of merchants whose deliveries go out, and who have somebody to tell.
fn merchants_with_people() -> SelectStatement {
    let with_people = Query::select()
        .column(membership::Column::MerchantId)
        .from(membership::Entity)
        .and_where(membership::Column::Role.is_in(TOLD))
        .to_owned();
    Query::select()
        .column(merchant::Column::Id)
        .from(merchant::Entity)
        .and_where(merchant::Column::DeletedUs.is_null())
        .and_where(merchant::Column::Suspended.eq(false))
        .and_where(merchant::Column::Id.in_subquery(with_people))
        .to_owned()
}

/// That an endpoint has no such notice of the failure that this column of it tells.
fn not_told(kind: NoticeKind, since: endpoint::Column) -> Expr {
    let equal = |ours: notice::Column, its: endpoint::Column| {
        Expr::col((notice::Entity, ours)).equals((endpoint::Entity, its))
    };
    let told = Query::select()
        .column(notice::Column::EndpointId)
        .from(notice::Entity)
        .and_where(equal(notice::Column::EndpointId, endpoint::Column::Id))
        .and_where(equal(notice::Column::SinceUs, since))
        .and_where(notice::Column::Kind.eq(kind as i16))
        .to_owned();
    Expr::exists(told).not()
}

//! Checkouts as people look them up.

use std::collections::HashMap;
use std::time::Duration;

use domain::clock::Micros;
use domain::id::{CheckoutId, MerchantId, SessionId, ShopperId};
use domain::tenancy::TenantScope;
use domain::trigger::Key;
use domain::trigger::checkout::{Checkout, CheckoutKind, CheckoutState, Step};
use domain::trigger::shopper::Shopper;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _,
};
use uuid::Uuid;

use crate::entity::{checkout, session};
use crate::sessions::{SubjectFilter, key, people};
use crate::{Error, Page, PageRequest, Storage};

/// A checkout with what it points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCheckout {
    /// The checkout.
    pub checkout: Checkout,
    /// Who it is, if known.
    pub shopper: Option<Shopper>,
    /// The platform's own id of the session that led to it.
    pub session: Option<String>,
    /// The platform's own id of the checkout that took its place.
    pub successor: Option<String>,
}

impl Storage {
    /// Checkouts of a merchant, newest first.
    ///
    /// Errors: the database cannot be reached.
    pub async fn checkouts(
        &self,
        scope: TenantScope,
        filter: &SubjectFilter<CheckoutState>,
        page: PageRequest,
    ) -> Result<Page<KnownCheckout>, Error> {
        use checkout::Column;
        let merchant = scope.merchant_id().uuid();
        let mut query = checkout::Entity::find()
            .filter(Column::MerchantId.eq(merchant))
            .filter(people(scope, filter, Column::ShopperId))
            .order_by_desc(Column::Id)
            .limit(page.limit + 1);
        if !filter.states.is_empty() {
            let codes = filter.states.iter().map(|state| state.code());
            query = query.filter(Column::State.is_in(codes));
        }
        if let Some(id) = &filter.checkout_id {
            query = query.filter(Column::Name.eq(Key::checkout(id).0.to_vec()));
        }
        if let Some(id) = &filter.session_id {
            let led_here = session::Entity::find()
                .select_only()
                .column(session::Column::Id)
                .filter(session::Column::MerchantId.eq(merchant))
                .filter(session::Column::Name.eq(Key::session(id).0.to_vec()));
            query = query.filter(Column::SessionId.in_subquery(led_here.into_query()));
        }
        if let Some(before) = page.before {
            query = query.filter(Column::Id.lt(before));
        }
        let cut = page.cut(query.all(&self.reads).await?, |row| row.id);
        Ok(Page {
            rows: self.known_checkouts(cut.rows).await?,
            next: cut.next,
        })
    }

    /// One checkout of the merchant.
    ///
    /// Errors: the database cannot be reached.
    pub async fn checkout(
        &self,
        scope: TenantScope,
        id: CheckoutId,
    ) -> Result<Option<KnownCheckout>, Error> {
        let row = checkout::Entity::find_by_id(id.uuid())
            .filter(checkout::Column::MerchantId.eq(scope.merchant_id().uuid()))
            .one(&self.reads)
            .await?;
        Ok(self.known_checkouts(row.into_iter().collect()).await?.pop())
    }

    async fn known_checkouts(
        &self,
        rows: Vec<checkout::Model>,
    ) -> Result<Vec<KnownCheckout>, Error> {
        let shoppers = rows.iter().filter_map(|row| row.shopper_id).collect();
        let shoppers = self.shoppers(shoppers).await?;
        let successors = rows.iter().filter_map(|row| row.superseded_by).collect();
        let successors = self.checkout_names(successors).await?;
        let sessions = rows.iter().filter_map(|row| row.session_id).collect();
        let sessions = self.session_names(sessions).await?;
        rows.into_iter()
            .map(|row| {
                let shopper = row.shopper_id.and_then(|id| shoppers.get(&id).cloned());
                let session = row.session_id.and_then(|id| sessions.get(&id).cloned());
                let successor = row.superseded_by;
                let successor = successor.and_then(|id| successors.get(&id).cloned());
                Ok(KnownCheckout {
                    checkout: checkout_of(row)?,
                    shopper,
                    session: session.flatten(),
                    successor,
                })
            })
            .collect()
    }

    /// The platform's own ids of sessions, by our ids.
    async fn session_names(&self, ids: Vec<Uuid>) -> Result<HashMap<Uuid, Option<String>>, Error> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = session::Entity::find()
            .select_only()
            .columns([session::Column::Id, session::Column::ClientId])
            .filter(session::Column::Id.is_in(ids))
            .into_tuple::<(Uuid, Option<String>)>()
            .all(&self.reads)
            .await?;
        Ok(rows.into_iter().collect())
    }
}

fn checkout_of(row: checkout::Model) -> Result<Checkout, Error> {
    const WHAT: &str = "checkouts";
    let corrupt = || Error::Corrupt { what: WHAT };
    Ok(Checkout {
        id: CheckoutId::from_uuid(row.id),
        merchant_id: MerchantId::from_uuid(row.merchant_id),
        kind: CheckoutKind::from_code(row.kind).ok_or_else(corrupt)?,
        client_id: row.client_id,
        device: key(row.device, WHAT)?,
        session_id: row.session_id.map(SessionId::from_uuid),
        shopper_id: row.shopper_id.map(ShopperId::from_uuid),
        state: CheckoutState::from_code(row.state).ok_or_else(corrupt)?,
        step: (
            Step::from_code(row.step).ok_or_else(corrupt)?,
            Micros(row.step_us),
        ),
        opened: Micros(row.opened_us),
        last: Micros(row.last_us),
        ended: row.ended_us.map(Micros),
        recovered: row.recovered_us.map(Micros),
        superseded_by: row.superseded_by.map(CheckoutId::from_uuid),
        span: Duration::from_micros(row.span_us.unsigned_abs()),
        sliding: row.sliding,
        announced: row.announced,
        in_upsell: row.in_upsell,
    })
}

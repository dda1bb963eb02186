//! Checkouts of stores and funnels, with their timelines.

use std::sync::Arc;

use domain::clock::Micros;
use domain::id::{CheckoutId, MerchantId};
use domain::trigger::checkout::{CheckoutKind, CheckoutState, Step};
use domain::trigger::timeline::of_checkout;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use storage::checkouts::KnownCheckout;

use super::Tag;
use super::timelines::{
    CheckoutLinkOut, EntryOut, SessionLinkOut, ShopperOut, filter, shown, told,
};
use crate::answers::Json;
use crate::app::App;
use crate::auth::Bearer;
use crate::page::{List, ListOf};
use crate::problem::{ApiError, Slug};
use crate::text::Text;

pub(crate) struct CheckoutsApi;

/// A checkout session.
#[derive(Serialize, Object)]
#[oai(rename = "Checkout")]
struct CheckoutOut {
    /// Our id.
    id: Text<CheckoutId>,
    /// Whose checkout.
    merchant_id: Text<MerchantId>,
    /// The platform's own id: `payload.session_id` of `ABANDONED_CHECKOUT`.
    checkout_id: String,
    /// Of a store, or of a funnel.
    kind: Text<CheckoutKind>,
    /// Where it stands.
    state: Text<CheckoutState>,
    /// How far a store's checkout has come: `session_state` of `ABANDONED_CHECKOUT`. Null of a funnel's.
    step: Option<Text<Step>>,
    /// Who it is; null while nobody is identified.
    shopper: Option<ShopperOut>,
    /// When it was opened.
    opened_at: Text<Micros>,
    /// Its last activity.
    last_activity_at: Text<Micros>,
    /// When its timer ends it if nothing else does; null when none runs.
    due_at: Option<Text<Micros>>,
    /// When it ended.
    ended_at: Option<Text<Micros>>,
    /// When the order was placed although it had been abandoned.
    recovered_at: Option<Text<Micros>>,
    /// The browsing session that led to it.
    session: Option<SessionLinkOut>,
    /// The checkout that took its place.
    superseded_by: Option<CheckoutLinkOut>,
}

/// A checkout session with its timeline.
#[derive(Serialize, Object)]
struct CheckoutDetail {
    #[serde(flatten)]
    #[oai(flatten)]
    checkout: CheckoutOut,
    /// What happened and why, in order of time: of the newest 1,000 activities.
    timeline: Vec<EntryOut>,
}

impl From<KnownCheckout> for CheckoutOut {
    fn from(known: KnownCheckout) -> Self {
        let checkout = known.checkout;
        let due = checkout.deadline().filter(|_| checkout.is_open());
        let step = (checkout.kind == CheckoutKind::Store).then_some(checkout.step.0);
        let session = checkout.session_id.map(|id| SessionLinkOut {
            id: Text(id),
            session_id: known.session,
        });
        let superseded_by = checkout.superseded_by.map(|id| CheckoutLinkOut {
            id: Text(id),
            checkout_id: known.successor,
        });
        Self {
            id: Text(checkout.id),
            merchant_id: Text(checkout.merchant_id),
            checkout_id: checkout.client_id,
            kind: Text(checkout.kind),
            state: Text(checkout.state),
            step: step.map(Text),
            shopper: known.shopper.map(Into::into),
            opened_at: Text(checkout.opened),
            last_activity_at: Text(checkout.last),
            due_at: due.map(Text),
            ended_at: checkout.ended.map(Text),
            recovered_at: checkout.recovered.map(Text),
            session,
            superseded_by,
        }
    }
}

#[OpenApi(tag = "Tag::Checkouts")]
impl CheckoutsApi {
    /// List checkouts
    ///
    /// Newest first. Filters find checkouts by the platform's own ids, or by who the shopper is.
    #[oai(
        path = "/merchants/:merchant_id/checkouts",
        method = "get",
        operation_id = "listCheckouts"
    )]
    #[expect(
        clippy::too_many_arguments,
        reason = "each filter is a parameter of the document"
    )]
    async fn list(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        list: ListOf,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// In this state; repeated, in any of them.
        state: Query<Vec<Text<CheckoutState>>>,
        /// That the session with this id of the platform's own led to.
        session_id: Query<Option<String>>,
        /// With this id of the platform's own.
        checkout_id: Query<Option<String>>,
        /// Of the shopper with this email address.
        email: Query<Option<String>>,
        /// Of the shopper with this phone number, its dial code before it.
        phone: Query<Option<String>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<CheckoutOut>>, ApiError> {
        let scope = app.scope(&caller, merchant_id.0.0).await?;
        let page = list.page(cursor.0.as_deref(), limit.0)?;
        let filter = filter(state.0, session_id.0, checkout_id.0, email.0, phone.0);
        let found = app.storage.checkouts(scope, &filter, page).await?;
        Ok(Json(list.answer(found, CheckoutOut::from)))
    }

    /// Get a checkout with its timeline
    ///
    /// The timeline says in words what happened and why an event fired or did not.
    #[oai(
        path = "/merchants/:merchant_id/checkouts/:checkout_id",
        method = "get",
        operation_id = "getCheckout"
    )]
    async fn get(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The checkout, by our id.
        checkout_id: Path<Text<CheckoutId>>,
    ) -> Result<Json<CheckoutDetail>, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        let id = checkout_id.0.0;
        let known = app.storage.checkout(scope, id).await?;
        let known = known.ok_or_else(|| ApiError::of(Slug::NotFound))?;
        let recorded = app.storage.recorded(scope, id.uuid()).await?;
        let fired = app.storage.fired(scope, id.uuid()).await?;
        let successor = known.successor.as_deref();
        let entries = of_checkout(&known.checkout, successor, &recorded, &told(&fired));
        Ok(Json(CheckoutDetail {
            checkout: known.into(),
            timeline: shown(entries, &recorded, fired),
        }))
    }
}

//! Sessions: browsing visits, with their timelines.

use std::sync::Arc;

use domain::clock::Micros;
use domain::id::{MerchantId, SessionId};
use domain::trigger::session::SessionState;
use domain::trigger::timeline::of_session;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use storage::sessions::KnownSession;

use super::Tag;
use super::timelines::{CheckoutLinkOut, EntryOut, ShopperOut, filter, shown, told};
use crate::answers::Json;
use crate::app::App;
use crate::auth::Bearer;
use crate::page::{List, ListOf};
use crate::problem::{ApiError, Slug};
use crate::text::Text;

pub(crate) struct SessionsApi;

/// A browsing visit.
#[derive(Serialize, Object)]
#[oai(rename = "Session")]
struct SessionOut {
    /// Our id.
    id: Text<SessionId>,
    /// Whose session.
    merchant_id: Text<MerchantId>,
    /// The platform's own id.
    session_id: Option<String>,
    /// Where it stands.
    state: Text<SessionState>,
    /// Who it is; null while nobody is identified.
    shopper: Option<ShopperOut>,
    /// Its first activity.
    opened_at: Text<Micros>,
    /// Its last activity.
    last_activity_at: Text<Micros>,
    /// When it ends if nothing more happens; null when it has ended.
    due_at: Option<Text<Micros>>,
    /// When it ended.
    ended_at: Option<Text<Micros>>,
    /// The checkout it led to.
    checkout: Option<CheckoutLinkOut>,
}

/// A browsing visit with its timeline.
#[derive(Serialize, Object)]
struct SessionDetail {
    #[serde(flatten)]
    #[oai(flatten)]
    session: SessionOut,
    /// What happened and why, in order of time: of the newest 1,000 activities.
    timeline: Vec<EntryOut>,
}

impl From<KnownSession> for SessionOut {
    fn from(known: KnownSession) -> Self {
        let session = known.session;
        let due = Some(session.deadline()).filter(|_| session.is_open());
        let checkout = session.checkout_id.map(|id| CheckoutLinkOut {
            id: Text(id),
            checkout_id: known.checkout,
        });
        Self {
            id: Text(session.id),
            merchant_id: Text(session.merchant_id),
            session_id: session.client_id,
            state: Text(session.state),
            shopper: known.shopper.map(Into::into),
            opened_at: Text(session.opened),
            last_activity_at: Text(session.last),
            due_at: due.map(Text),
            ended_at: session.ended.map(Text),
            checkout,
        }
    }
}

#[OpenApi(tag = "Tag::Sessions")]
impl SessionsApi {
    /// List sessions
    ///
    /// Newest first. Filters find sessions by the platform's own ids, or by who the shopper is.
    #[oai(
        path = "/merchants/:merchant_id/sessions",
        method = "get",
        operation_id = "listSessions"
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
        state: Query<Vec<Text<SessionState>>>,
        /// With this id of the platform's own.
        session_id: Query<Option<String>>,
        /// That led to the checkout with this id of the platform's own.
        checkout_id: Query<Option<String>>,
        /// Of the shopper with this email address.
        email: Query<Option<String>>,
        /// Of the shopper with this phone number, its dial code before it.
        phone: Query<Option<String>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<SessionOut>>, ApiError> {
        let scope = app.scope(&caller, merchant_id.0.0).await?;
        let page = list.page(cursor.0.as_deref(), limit.0)?;
        let filter = filter(state.0, session_id.0, checkout_id.0, email.0, phone.0);
        let found = app.storage.sessions(scope, &filter, page).await?;
        Ok(Json(list.answer(found, SessionOut::from)))
    }

    /// Get a session with its timeline
    ///
    /// The timeline says in words what happened and why an event fired or did not.
    #[oai(
        path = "/merchants/:merchant_id/sessions/:session_id",
        method = "get",
        operation_id = "getSession"
    )]
    async fn get(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The session, by our id.
        session_id: Path<Text<SessionId>>,
    ) -> Result<Json<SessionDetail>, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        let id = session_id.0.0;
        let known = app.storage.session(scope, id).await?;
        let known = known.ok_or_else(|| ApiError::of(Slug::NotFound))?;
        let recorded = app.storage.recorded(scope, id.uuid()).await?;
        let fired = app.storage.fired(scope, id.uuid()).await?;
        let checkout = known.checkout.as_deref();
        let entries = of_session(&known.session, checkout, &recorded, &told(&fired));
        Ok(Json(SessionDetail {
            session: known.into(),
            timeline: shown(entries, &recorded, fired),
        }))
    }
}

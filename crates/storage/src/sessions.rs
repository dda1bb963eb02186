//! Sessions as people look them up.

use std::collections::HashMap;
use std::time::Duration;

use domain::clock::Micros;
use domain::id::{CheckoutId, MerchantId, SessionId, ShopperId};
use domain::tenancy::TenantScope;
use domain::trigger::Key;
use domain::trigger::activity::Identity;
use domain::trigger::session::{Session, SessionState};
use domain::trigger::shopper::Shopper;
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, QueryTrait as _, sea_query::SelectStatement,
};
use uuid::Uuid;

use crate::entity::{checkout, session, shopper, shopper_key};
use crate::{Error, Page, PageRequest, Storage};

/// Which sessions or checkouts a list shows.
#[derive(Debug, Clone)]
pub struct SubjectFilter<S> {
    /// In one of these states; empty for any.
    pub states: Vec<S>,
    /// With the platform's own id for the session.
    pub session_id: Option<String>,
    /// With the platform's own id for the checkout.
    pub checkout_id: Option<String>,
    /// Of the shopper with this email address.
    pub email: Option<String>,
    /// Of the shopper with this phone number, its dial code included.
    pub phone: Option<String>,
}

/// A session with what it points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSession {
    /// The session.
    pub session: Session,
    /// Who it is, if known.
    pub shopper: Option<Shopper>,
    /// The platform's own id of the checkout it led to.
    pub checkout: Option<String>,
}

impl Storage {
    /// Sessions of a merchant, newest first.
    ///
    /// Errors: the database cannot be reached.
    pub async fn sessions(
        &self,
        scope: TenantScope,
        filter: &SubjectFilter<SessionState>,
        page: PageRequest,
    ) -> Result<Page<KnownSession>, Error> {
        use session::Column;
        let merchant = scope.merchant_id().uuid();
        let mut query = session::Entity::find()
            .filter(Column::MerchantId.eq(merchant))
            .filter(people(scope, filter, Column::ShopperId))
            .order_by_desc(Column::Id)
            .limit(page.limit + 1);
        if !filter.states.is_empty() {
            let codes = filter.states.iter().map(|state| state.code());
            query = query.filter(Column::State.is_in(codes));
        }
        if let Some(id) = &filter.session_id {
            query = query.filter(Column::Name.eq(Key::session(id).0.to_vec()));
        }
        if let Some(id) = &filter.checkout_id {
            let led_to = checkout::Entity::find()
                .select_only()
                .column(checkout::Column::SessionId)
                .filter(checkout::Column::MerchantId.eq(merchant))
                .filter(checkout::Column::Name.eq(Key::checkout(id).0.to_vec()))
                .filter(checkout::Column::SessionId.is_not_null());
            query = query.filter(Column::Id.in_subquery(led_to.into_query()));
        }
        if let Some(before) = page.before {
            query = query.filter(Column::Id.lt(before));
        }
        let cut = page.cut(query.all(&self.reads).await?, |row| row.id);
        Ok(Page {
            rows: self.known_sessions(cut.rows).await?,
            next: cut.next,
        })
    }

    /// One session of the merchant.
    ///
    /// Errors: the database cannot be reached.
    pub async fn session(
        &self,
        scope: TenantScope,
        id: SessionId,
    ) -> Result<Option<KnownSession>, Error> {
        let row = session::Entity::find_by_id(id.uuid())
            .filter(session::Column::MerchantId.eq(scope.merchant_id().uuid()))
            .one(&self.reads)
            .await?;
        Ok(self.known_sessions(row.into_iter().collect()).await?.pop())
    }

    async fn known_sessions(&self, rows: Vec<session::Model>) -> Result<Vec<KnownSession>, Error> {
        let shoppers = rows.iter().filter_map(|row| row.shopper_id).collect();
        let shoppers = self.shoppers(shoppers).await?;
        let checkouts: Vec<Uuid> = rows.iter().filter_map(|row| row.checkout_id).collect();
        let names = self.checkout_names(checkouts).await?;
        rows.into_iter()
            .map(|row| {
                let shopper = row.shopper_id.and_then(|id| shoppers.get(&id).cloned());
                let checkout = row.checkout_id.and_then(|id| names.get(&id).cloned());
                Ok(KnownSession {
                    session: session_of(row)?,
                    shopper,
                    checkout,
                })
            })
            .collect()
    }

    /// Shoppers by id.
    pub(crate) async fn shoppers(&self, ids: Vec<Uuid>) -> Result<HashMap<Uuid, Shopper>, Error> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = shopper::Entity::find()
            .filter(shopper::Column::Id.is_in(ids))
            .all(&self.reads)
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.id, shopper_of(row)))
            .collect())
    }

    /// The platform's own ids of checkouts, by our ids.
    pub(crate) async fn checkout_names(
        &self,
        ids: Vec<Uuid>,
    ) -> Result<HashMap<Uuid, String>, Error> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = checkout::Entity::find()
            .select_only()
            .columns([checkout::Column::Id, checkout::Column::ClientId])
            .filter(checkout::Column::Id.is_in(ids))
            .into_tuple::<(Uuid, String)>()
            .all(&self.reads)
            .await?;
        Ok(rows.into_iter().collect())
    }
}

/// What a filter by people asks of the column with the shopper.
pub(crate) fn people<S>(
    scope: TenantScope,
    filter: &SubjectFilter<S>,
    column: impl sea_orm::ColumnTrait,
) -> Condition {
    let by_phone = |phone: String| {
        let identity = Identity {
            phone: Some(phone),
            ..Identity::default()
        };
        identity.normal().phone_key()
    };
    let mut all = Condition::all();
    if let Some(email) = &filter.email {
        let identity = Identity {
            email: Some(email.clone()),
            ..Identity::default()
        };
        let key = identity.normal().email_key();
        all = all.add(column.in_subquery(named(scope, key)));
    }
    if let Some(phone) = &filter.phone {
        // With its dial code, the plus or not; or as it came without one.
        let whole = by_phone(format!("+{}", phone.trim().trim_start_matches('+')));
        let bare = by_phone(phone.clone());
        let either = Condition::any()
            .add(column.in_subquery(named(scope, whole)))
            .add(column.in_subquery(named(scope, bare)));
        all = all.add(either);
    }
    all
}

/// The shopper that an email address or phone number leads to; nobody without one.
fn named(scope: TenantScope, key: Option<Key>) -> SelectStatement {
    let name = key.map_or_else(Vec::new, |key| key.0.to_vec());
    shopper_key::Entity::find()
        .select_only()
        .column(shopper_key::Column::ShopperId)
        .filter(shopper_key::Column::MerchantId.eq(scope.merchant_id().uuid()))
        .filter(shopper_key::Column::Name.eq(name))
        .into_query()
}

fn shopper_of(row: shopper::Model) -> Shopper {
    Shopper {
        id: ShopperId::from_uuid(row.id),
        merchant_id: MerchantId::from_uuid(row.merchant_id),
        contact_id: row.contact_id,
        email: row.email,
        phone: row.phone,
        dial_code: row.dial_code,
        first_name: row.first_name,
        last_name: row.last_name,
        created_at: Micros(row.created_us),
    }
}

/// A key as it is stored.
pub(crate) fn key(bytes: Vec<u8>, what: &'static str) -> Result<Key, Error> {
    Ok(Key(bytes
        .try_into()
        .map_err(|_| Error::Corrupt { what })?))
}

fn session_of(row: session::Model) -> Result<Session, Error> {
    const WHAT: &str = "sessions";
    Ok(Session {
        id: SessionId::from_uuid(row.id),
        merchant_id: MerchantId::from_uuid(row.merchant_id),
        client_id: row.client_id,
        device: key(row.device, WHAT)?,
        shopper_id: row.shopper_id.map(ShopperId::from_uuid),
        state: SessionState::from_code(row.state).ok_or(Error::Corrupt { what: WHAT })?,
        opened: Micros(row.opened_us),
        last: Micros(row.last_us),
        ended: row.ended_us.map(Micros),
        span: Duration::from_micros(row.span_us.unsigned_abs()),
        checkout_id: row.checkout_id.map(CheckoutId::from_uuid),
    })
}

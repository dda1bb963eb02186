//! Logins: how they begin, go on and end.

use std::time::Duration;

use domain::clock::Clock as _;
use domain::id::LoginId;
use sha2::{Digest as _, Sha256};
use storage::audit::Origin;
use storage::links::OpenedPortal;
use storage::logins::{Login, LoginOf, Proven, Rotation};

use super::caller::Caller;
use super::token::{Kind, hash};
use super::{Auth, Known};
use crate::limits::address::Client;
use crate::people::email_of;
use crate::problem::{ApiError, Slug};

/// What a login gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// For `Authorization: Bearer`.
    pub(crate) access: String,
    /// For the next access token.
    pub(crate) refresh: String,
    /// Life of the access token.
    pub(crate) expires_in: Duration,
    /// Life of the refresh token.
    pub(crate) refresh_in: Duration,
}

impl Auth {
    /// Logs in. A wrong email and a wrong password look and cost the same.
    ///
    /// Errors: 401; 429 after too many failures for this account or from this address, right or wrong.
    pub(crate) async fn log_in(
        &self,
        email: &str,
        password: String,
        from: Client,
    ) -> Result<Tokens, ApiError> {
        let proven = self.prove_throttled(email, password, &from).await?;
        let proven = proven.ok_or_else(wrong)?;
        let now = self.storage.clock().now();
        let login = Login {
            id: LoginId::new(now, &mut self.fork_rng()),
            of: LoginOf::User(proven.user_id),
            ip: Some(from.address.0.to_string()),
            user_agent: from.user_agent,
            created_at: now,
            seen_at: now,
            expires_at: now + self.refresh_life,
        };
        let refresh = Kind::Refresh.generate(&mut self.fork_rng());
        let caller = self.caller_of(login.clone()).await?.ok_or_else(wrong)?;
        if let Some(origin) = Origin::current() {
            origin.proven(|| caller.as_actor());
        }
        let created = self
            .storage
            .create_login(&login, &proven, hash(&refresh))
            .await?;
        if !created {
            return Err(wrong());
        }
        self.tokens(&login, &caller, refresh).await
    }

    /// Whose email and password these are; only wrong ones count.
    ///
    /// Errors: 429 after too many wrong ones for this account or from this address; too many at once; the database
    /// cannot be reached.
    pub(crate) async fn prove_throttled(
        &self,
        email: &str,
        password: String,
        from: &Client,
    ) -> Result<Option<Proven>, ApiError> {
        let email = email_of(email);
        let entry = self.logins.enter(subject_of(&email)).await?;
        let place = match self.places.enter(from.address.subject()).await {
            Ok(place) => place,
            Err(refusal) => {
                entry.give_back().await;
                return Err(refusal);
            }
        };
        let proven = self.prove_password(&email, password).await;
        // Not the right one, not a database that is away.
        if !matches!(proven, Ok(None)) {
            entry.give_back().await;
            place.give_back().await;
        }
        proven
    }

    /// Whose email and password these are.
    ///
    /// Errors: too many at once; the database cannot be reached.
    async fn prove_password(
        &self,
        email: &str,
        password: String,
    ) -> Result<Option<Proven>, ApiError> {
        let found = if email.contains(char::is_control) {
            None
        } else {
            self.storage.user_by_email(email).await?
        };
        let hash = found.as_ref().map(|found| found.password_hash.clone());
        let right = self.passwords.verify(hash, password).await?;
        Ok(found.filter(|_| right))
    }

    /// Opens a portal link, which is used up by it.
    ///
    /// Errors: 401 for one that is unknown, used or old.
    pub(crate) async fn open_portal(&self, shown: &str, from: Client) -> Result<Tokens, ApiError> {
        let now = self.storage.clock().now();
        let refresh = Kind::Refresh.generate(&mut self.fork_rng());
        let id = LoginId::new(now, &mut self.fork_rng());
        let begin = |opened: OpenedPortal| Login {
            id,
            of: LoginOf::Portal(opened.portal),
            ip: Some(from.address.0.to_string()),
            user_agent: from.user_agent,
            created_at: now,
            seen_at: now,
            expires_at: now + opened.lasts,
        };
        let opened = self
            .storage
            .open_portal(hash(shown), hash(&refresh), begin)
            .await?;
        let refused = || ApiError::new(Slug::Unauthenticated, "The link is used, old or wrong.");
        let login = opened.ok_or_else(refused)?;
        let caller = self.caller_of(login.clone()).await?.ok_or_else(refused)?;
        self.tokens(&login, &caller, refresh).await
    }

    /// Trades a refresh token for new tokens.
    ///
    /// Errors: 401 for one that is unknown, expired, or was used before (which ends that login).
    pub(crate) async fn refresh(&self, shown: &str, from: Client) -> Result<Tokens, ApiError> {
        let fresh = Kind::Refresh.generate(&mut self.fork_rng());
        let ip = Some(from.address.0.to_string());
        let rotation = self
            .storage
            .rotate_refresh_token(hash(shown), hash(&fresh), self.refresh_life, ip)
            .await?;
        let invalid = |why| ApiError::new(Slug::Unauthenticated, why);
        match rotation {
            Rotation::Rotated(login) => {
                let caller = self.caller_of(login.clone()).await?;
                let caller = caller.ok_or_else(|| invalid("The refresh token is not valid."))?;
                self.tokens(&login, &caller, fresh).await
            }
            Rotation::Reused => {
                self.forget_people();
                Err(invalid(
                    "This refresh token was used before, so its login has been ended. Log in again.",
                ))
            }
            Rotation::Invalid => Err(invalid("The refresh token is not valid.")),
        }
    }

    /// Ends the login that a refresh token belongs to.
    ///
    /// Errors: the database cannot be reached.
    pub(crate) async fn log_out(&self, shown: &str) -> Result<(), ApiError> {
        if self.storage.end_login_of(hash(shown)).await? {
            self.forget_people();
        }
        Ok(())
    }

    async fn tokens(
        &self,
        login: &Login,
        caller: &Caller,
        refresh: String,
    ) -> Result<Tokens, ApiError> {
        let now = self.storage.clock().now();
        let access = self.jwt.issue(login, caller.actor.clone(), now).await?;
        // Known at once: the first request with it asks nothing.
        let known = Known::new(caller.clone(), Some(login.expires_at));
        self.people.insert(login.id, known.into());
        Ok(Tokens {
            access,
            refresh,
            expires_in: self.jwt.life().min(login.expires_at.since(now)),
            refresh_in: login.expires_at.since(now),
        })
    }
}

fn wrong() -> ApiError {
    let detail = "The email or the password is wrong.";
    ApiError::new(Slug::Unauthenticated, detail)
}

/// Whose counts an email falls under.
pub(crate) fn subject_of(email: &str) -> u128 {
    let mut first = [0; 16];
    first.copy_from_slice(&Sha256::digest(email)[..16]);
    u128::from_be_bytes(first)
}

//! Holding deliveries back, and letting them go.

use domain::endpoint::host_of;
use domain::error::FieldError;
use domain::id::PauseId;
use domain::pause::{Held, Pause};
use domain::tenancy::{PlatformScope, TenantScope};
use storage::pauses::PauseResult;

use crate::{Error, Gateway};

/// Longest reason, in characters.
const REASON_MAX: usize = 500;

impl Gateway {
    /// Begins a pause: attempts under way finish, and no other begins.
    ///
    /// Errors: there is no such merchant or endpoint; the same is paused already, or too much is; the reason is too
    /// long; storage fails.
    pub async fn create_pause(
        &self,
        scope: PlatformScope,
        held: Held,
        reason: String,
        paused_by: &str,
    ) -> Result<Pause, Error> {
        if reason.chars().count() > REASON_MAX || reason.contains(char::is_control) {
            let detail =
                format!("must have {REASON_MAX} characters at most, and no control characters");
            return Err(Error::field("/reason", "text", detail));
        }
        self.check_held(scope, &held).await?;
        let now = self.now();
        let pause = Pause {
            id: self.draw(|rng| PauseId::new(now, rng)),
            held,
            reason,
            paused_by: paused_by.to_owned(),
            paused_at: now,
        };
        match self.storage.create_pause(scope, &pause).await? {
            PauseResult::Paused => {
                self.config.catch_up().await?;
                Ok(pause)
            }
            PauseResult::Present => Err(Error::Conflict {
                detail: "The same is paused already.".to_owned(),
            }),
            PauseResult::Full => Err(Error::LimitReached {
                detail: "There are as many pauses as there may be. Pause more at once: a merchant, a host, or all."
                    .to_owned(),
            }),
        }
    }

    /// Ends a pause: what waited becomes due, oldest first.
    ///
    /// Errors: there is none; storage fails.
    pub async fn delete_pause(&self, scope: PlatformScope, id: PauseId) -> Result<(), Error> {
        if !self.storage.delete_pause(scope, id).await? {
            return Err(Error::NotFound);
        }
        Ok(self.config.catch_up().await?)
    }

    async fn check_held(&self, scope: PlatformScope, held: &Held) -> Result<(), Error> {
        let missing = |pointer: &str, what: &str| {
            Error::Invalid(vec![FieldError::new(
                pointer,
                "unknown",
                format!("must be {what} that exists"),
            )])
        };
        match held {
            Held::All => Ok(()),
            Held::Merchant(id) => match self.storage.merchant(TenantScope::of(*id)).await? {
                Some(_) => Ok(()),
                None => Err(missing("/merchant_id", "a merchant")),
            },
            Held::Endpoint(id) => match self.storage.any_endpoint(scope, *id).await? {
                Some(_) => Ok(()),
                None => Err(missing("/endpoint_id", "an endpoint")),
            },
            Held::Host(host) => {
                // As it stands in the URLs of endpoints: anything else would hold nothing.
                let plain = (1..=255).contains(&host.len())
                    && host.bytes().all(|byte| byte.is_ascii_graphic())
                    && host_of(&format!("https://{host}/")) == host
                    && !host.ends_with('.');
                if plain {
                    Ok(())
                } else {
                    Err(Error::field(
                        "/host",
                        "host",
                        "must be a host name as it stands in URLs, such as hooks.example.com",
                    ))
                }
            }
        }
    }
}

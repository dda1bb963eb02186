//! Secrets of endpoints: made, revealed, rotated with an overlap.

use std::time::Duration;

use domain::dialect::Dialect;
use domain::error::FieldError;
use domain::id::EndpointId;
use domain::secret::{Secret, Secrets, check_plain, check_signing};
use domain::tenancy::OwnerScope;

use crate::error::Faults;
use crate::{Error, Gateway};

/// Longest overlap of a rotation.
const OVERLAP_MAX: Duration = Duration::from_hours(24 * 7);

/// How secrets are to be rotated.
#[derive(Debug, Clone, Default)]
pub struct RotateSecret {
    /// The new secret; made by us when absent.
    pub secret: Option<String>,
    /// How long the old signing secret signs on.
    pub overlap: Option<Duration>,
}

impl Gateway {
    /// The secrets of a new endpoint: the given one or a new one, and a signing secret. Where the dialect
    /// only signs, the two are one.
    pub(crate) fn new_secrets(&self, dialect: Dialect, given: Option<Secret>) -> Secrets {
        self.draw(|rng| {
            let signing = Secret::signing(rng);
            if dialect.format().secret_signs() {
                let secret = given.unwrap_or(signing);
                Secrets {
                    signing: secret.clone(),
                    secret,
                    previous: None,
                }
            } else {
                let secret = given.unwrap_or_else(|| Secret::plain(rng));
                Secrets {
                    secret,
                    signing,
                    previous: None,
                }
            }
        })
    }

    /// The secrets in the clear.
    ///
    /// Errors: no such endpoint; storage fails.
    pub async fn reveal_secrets(
        &self,
        scope: impl Into<OwnerScope>,
        id: EndpointId,
    ) -> Result<Secrets, Error> {
        let scope = scope.into();
        let secrets = self.storage.secrets(scope, id).await?;
        let secrets = secrets.ok_or(Error::NotFound)?;
        // Noted first: nobody sees a secret unseen.
        let owner = Some(scope.owner());
        self.storage.note_use("revealSecret", id, owner).await?;
        Ok(secrets)
    }

    /// New secrets. The plain header carries the new one at once; signatures carry both until the overlap
    /// ends.
    ///
    /// Errors: no such endpoint; the given secret or overlap is wrong; storage fails.
    pub async fn rotate_secrets(
        &self,
        scope: impl Into<OwnerScope>,
        id: EndpointId,
        rotate: RotateSecret,
    ) -> Result<Secrets, Error> {
        let scope = scope.into();
        let endpoint = self
            .storage
            .endpoint(scope, id)
            .await?
            .ok_or(Error::NotFound)?;
        let mut faults = Faults::default();
        let given = check_secret(endpoint.dialect, rotate.secret.as_deref(), &mut faults);
        let overlap = rotate.overlap.unwrap_or(self.settings.rotation_overlap);
        if overlap > OVERLAP_MAX {
            let fault = FieldError::new("/overlap", "range", "must be at most 7 days");
            faults.others.push(fault);
        }
        faults.refuse()?;
        let new = self.new_secrets(endpoint.dialect, given);
        let until = self.now() + overlap;
        let rotated = self.storage.update_secrets(scope, id, move |old| {
            old.rotated(new.secret.clone(), new.signing.clone(), until)
        });
        rotated.await?.ok_or(Error::NotFound)
    }

    /// Ends an overlap now: what signed before the last rotation signs no more. Nothing happens where none is running.
    ///
    /// Errors: no such endpoint; storage fails.
    pub async fn revoke_previous_secret(
        &self,
        scope: impl Into<OwnerScope>,
        id: EndpointId,
    ) -> Result<(), Error> {
        let ended = self.storage.update_secrets(scope, id, |now| Secrets {
            previous: None,
            ..now.clone()
        });
        ended.await?.map(|_| ()).ok_or(Error::NotFound)
    }
}

/// A secret that somebody gave, if it keeps the dialect's rule.
pub(crate) fn check_secret(
    dialect: Dialect,
    given: Option<&str>,
    faults: &mut Faults,
) -> Option<Secret> {
    let signs = dialect.format().secret_signs();
    let check = if signs { check_signing } else { check_plain };
    match check("/secret", given?) {
        Ok(secret) => Some(secret),
        Err(fault) if fault.code == "invalid_header" => {
            faults.headers.push(fault);
            None
        }
        Err(fault) => {
            faults.others.push(fault);
            None
        }
    }
}

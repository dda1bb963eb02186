//! Secrets of endpoints: made, revealed, rotated with an overlap.

use std::time::Duration;

use domain::dialect::Dialect;
use domain::id::EndpointId;
use domain::secret::{Secret, Secrets, check_plain, check_signing};
use domain::tenancy::OwnerScope;

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
    ///
    /// Errors: the given secret breaks the dialect's rule.
    pub(crate) fn new_secrets(
        &self,
        dialect: Dialect,
        given: Option<&str>,
    ) -> Result<Secrets, Error> {
        let signs = dialect.format().secret_signs();
        let check = if signs { check_signing } else { check_plain };
        let given = given
            .map(|text| check("/secret", text))
            .transpose()
            .map_err(|error| {
                if error.code == "invalid_header" {
                    Error::InvalidHeader(vec![error])
                } else {
                    Error::Invalid(vec![error])
                }
            })?;
        Ok(self.draw(|rng| {
            let signing = Secret::signing(rng);
            if signs {
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
        }))
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
        let new = self.new_secrets(endpoint.dialect, rotate.secret.as_deref())?;
        let overlap = rotate.overlap.unwrap_or(self.settings.rotation_overlap);
        if overlap > OVERLAP_MAX {
            return Err(Error::field("/overlap", "range", "must be at most 7 days"));
        }
        let until = self.now() + overlap;
        let rotated = self.storage.update_secrets(scope, id, move |old| {
            old.rotated(new.secret.clone(), new.signing.clone(), until)
        });
        rotated.await?.ok_or(Error::NotFound)
    }
}

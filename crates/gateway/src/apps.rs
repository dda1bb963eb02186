//! Apps: made, changed, deleted.

use domain::app::App;
use domain::error::FieldError;
use domain::id::AppId;
use storage::apps::AppDeleted;

use crate::merchants::{set, trim};
use crate::{Error, Gateway};

/// Longest name of an app, in characters.
const NAME_MAX: usize = 120;
/// Longest description of an app, in characters.
const DESCRIPTION_MAX: usize = 500;

/// An app to be made.
#[derive(Debug, Clone)]
pub struct NewApp {
    /// What people call it.
    pub name: String,
    /// What it does.
    pub description: String,
}

/// Changes to an app: `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct AppPatch {
    /// A new name.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<String>,
}

impl AppPatch {
    fn apply(self, app: &mut App) {
        set(&mut app.name, self.name);
        set(&mut app.description, self.description);
    }
}

impl Gateway {
    /// Makes an app.
    ///
    /// Errors: fields are wrong; storage fails.
    pub async fn create_app(&self, mut new: NewApp) -> Result<App, Error> {
        trim(&mut new.name);
        let now = self.now();
        let app = App {
            id: self.draw(|rng| AppId::new(now, rng)),
            name: new.name,
            description: new.description,
            created_at: now,
            updated_at: now,
        };
        check(&app)?;
        self.storage.create_app(&app).await?;
        Ok(app)
    }

    /// Changes an app.
    ///
    /// Errors: no such app; fields are wrong; storage fails.
    pub async fn update_app(&self, id: AppId, mut patch: AppPatch) -> Result<App, Error> {
        patch.name.iter_mut().for_each(trim);
        let mut wanted = self.storage.app(id).await?.ok_or(Error::NotFound)?;
        patch.clone().apply(&mut wanted);
        check(&wanted)?;
        let changed = self.storage.update_app(id, |app| patch.apply(app)).await?;
        changed.ok_or(Error::NotFound)
    }

    /// Deletes an app that no merchant has installed, with its endpoints. What waits for them is cancelled, the
    /// news of removals too.
    ///
    /// Errors: no such app; it is installed; storage fails.
    pub async fn delete_app(&self, id: AppId) -> Result<(), Error> {
        match self.storage.delete_app(id).await? {
            AppDeleted::NotFound => Err(Error::NotFound),
            AppDeleted::Installed(merchants) => Err(Error::Conflict {
                detail: format!(
                    "{merchants} merchants have this app installed; uninstall it there first."
                ),
            }),
            AppDeleted::Done(endpoints) => {
                for endpoint_id in endpoints {
                    self.cancel_waiting(endpoint_id).await?;
                }
                Ok(())
            }
        }
    }
}

fn check(app: &App) -> Result<(), Error> {
    let mut errors = Vec::new();
    let mut text = |pointer: &str, value: &str, least: usize, most: usize| {
        let length = value.chars().count();
        if !(least..=most).contains(&length) || value.chars().any(char::is_control) {
            errors.push(FieldError::new(
                pointer,
                "text",
                format!("must have {least} to {most} characters, none of them control characters"),
            ));
        }
    };
    text("/name", &app.name, 1, NAME_MAX);
    text("/description", &app.description, 0, DESCRIPTION_MAX);
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(errors))
    }
}

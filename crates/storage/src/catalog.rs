//! Custom event types. The built-in ones live in `domain::catalog`.

use domain::catalog::{self, EventType};
use domain::clock::Clock as _;
use domain::dialect::Dialect;
use domain::id::MerchantId;
use sea_orm::{ActiveModelTrait as _, EntityTrait as _, QueryOrder as _, Set};
use uuid::Uuid;

use crate::audit::Change;
use crate::entity::event_type;
use crate::{Error, Storage};

/// Stands for "every merchant" among the configuration changes.
pub const EVERY_MERCHANT: MerchantId = MerchantId::from_uuid(Uuid::nil());

impl Storage {
    /// Adds a custom event type.
    ///
    /// Errors: one of that name exists; the database cannot be reached.
    pub async fn create_event_type(&self, new: &EventType) -> Result<(), Error> {
        let change = self.begin_write().await?;
        event_type::ActiveModel {
            name: Set(new.name.clone()),
            dialect: Set(new.dialect.code()),
            description: Set(new.description.clone()),
            fires_when: Set(new.fires_when.clone()),
            schema: Set(new.schema.clone()),
            example: Set(new.example.clone()),
            created_us: Set(self.clock().now().0),
        }
        .insert(&change.transaction)
        .await?;
        let note = Change::of("createEventType", &new.name, None).states(None, Some(new));
        change.note(note, self.clock().now()).await?;
        change.commit_change(EVERY_MERCHANT).await?;
        Ok(())
    }

    /// Every event type, built in or custom, in order of name.
    ///
    /// Errors: the database cannot be reached.
    pub async fn event_types(&self) -> Result<Vec<EventType>, Error> {
        let custom = event_type::Entity::find()
            .order_by_asc(event_type::Column::Name)
            .all(&self.reads)
            .await?;
        let mut all = catalog::built_in();
        for row in custom {
            all.push(EventType {
                dialect: Dialect::from_code(row.dialect).ok_or(Error::Corrupt {
                    what: "event_types.dialect",
                })?,
                name: row.name,
                description: row.description,
                fires_when: row.fires_when,
                schema: row.schema,
                example: row.example,
                built_in: false,
            });
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// One event type by name.
    ///
    /// Errors: the database cannot be reached.
    pub async fn event_type(&self, name: &str) -> Result<Option<EventType>, Error> {
        Ok(self
            .event_types()
            .await?
            .into_iter()
            .find(|entry| entry.name == name))
    }
}

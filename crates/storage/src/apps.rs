//! Apps: third parties that merchants install.

use domain::app::App;
use domain::clock::{Clock as _, Micros};
use domain::endpoint::Owner;
use domain::id::{AppId, EndpointId};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, EntityTrait as _,
    PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set, sea_query::Expr,
};
use uuid::Uuid;

use crate::audit::Change;
use crate::entity::{app, endpoint, installation, invitation};
use crate::{Error, Page, PageRequest, Storage};

/// What became of deleting an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppDeleted {
    /// It is gone, and so are these endpoints.
    Done(Vec<EndpointId>),
    /// It stays: this many merchants have it installed.
    Installed(u64),
    /// There is none.
    NotFound,
}

impl Storage {
    /// Stores a new app.
    ///
    /// Errors: the database cannot be reached.
    pub async fn create_app(&self, app: &App) -> Result<(), Error> {
        let write = self.begin_write().await?;
        row(app).insert(&write.transaction).await?;
        let note = noted("createApp", app.id).states(None, Some(app));
        write.note(note, self.clock().now()).await?;
        write.commit().await
    }

    /// Changes an app; `None` when there is none. Delivery does not depend on it, so the configuration clock
    /// stands still.
    ///
    /// Errors: the database cannot be reached.
    pub async fn update_app(
        &self,
        id: AppId,
        edit: impl FnOnce(&mut App) + Send,
    ) -> Result<Option<App>, Error> {
        let write = self.begin_write().await?;
        let Some(model) = find(&write.transaction, id.uuid(), true).await? else {
            return Ok(None);
        };
        let before = App::from(model);
        let mut app = before.clone();
        edit(&mut app);
        if app == before {
            return Ok(Some(before));
        }
        app.updated_at = self.clock().now();
        row(&app).update(&write.transaction).await?;
        let note = noted("updateApp", id).states(Some(&before), Some(&app));
        write.note(note, app.updated_at).await?;
        write.commit().await?;
        Ok(Some(app))
    }

    /// Deletes an app that nobody has installed, with its endpoints.
    ///
    /// Errors: the database cannot be reached.
    pub async fn delete_app(&self, id: AppId) -> Result<AppDeleted, Error> {
        let change = self.begin_write().await?;
        let Some(model) = find(&change.transaction, id.uuid(), true).await? else {
            return Ok(AppDeleted::NotFound);
        };
        let installed = installation::Entity::find()
            .filter(installation::Column::AppId.eq(id.uuid()))
            .filter(installation::Column::UninstalledUs.is_null())
            .count(&change.transaction)
            .await?;
        if installed > 0 {
            return Ok(AppDeleted::Installed(installed));
        }
        let now = self.clock().now().0;
        app::Entity::update_many()
            .col_expr(app::Column::DeletedUs, Expr::value(Some(now)))
            .filter(app::Column::Id.eq(id.uuid()))
            .exec(&change.transaction)
            .await?;
        let endpoints = endpoint::Entity::find()
            .filter(endpoint::Column::AppId.eq(id.uuid()))
            .filter(endpoint::Column::DeletedUs.is_null())
            .all(&change.transaction)
            .await?;
        endpoint::Entity::update_many()
            .col_expr(endpoint::Column::DeletedUs, Expr::value(Some(now)))
            .filter(endpoint::Column::AppId.eq(id.uuid()))
            .filter(endpoint::Column::DeletedUs.is_null())
            .exec(&change.transaction)
            .await?;
        invitation::Entity::delete_many()
            .filter(invitation::Column::AppId.eq(id.uuid()))
            .exec(&change.transaction)
            .await?;
        let note = noted("deleteApp", id).states(Some(&App::from(model)), None);
        change.note(note, Micros(now)).await?;
        change.commit_change_of(Owner::App(id)).await?;
        let gone = endpoints
            .into_iter()
            .map(|row| EndpointId::from_uuid(row.id));
        Ok(AppDeleted::Done(gone.collect()))
    }

    /// One app.
    ///
    /// Errors: the database cannot be reached.
    pub async fn app(&self, id: AppId) -> Result<Option<App>, Error> {
        Ok(find(&self.reads, id.uuid(), false).await?.map(App::from))
    }

    /// All apps, newest first.
    ///
    /// Errors: the database cannot be reached.
    pub async fn apps(&self, page: PageRequest) -> Result<Page<App>, Error> {
        let mut query = app::Entity::find()
            .filter(app::Column::DeletedUs.is_null())
            .order_by_desc(app::Column::Id)
            .limit(page.limit + 1);
        if let Some(before) = page.before {
            query = query.filter(app::Column::Id.lt(before));
        }
        let cut = page.cut(query.all(&self.reads).await?, |row| row.id);
        Ok(Page {
            rows: cut.rows.into_iter().map(App::from).collect(),
            next: cut.next,
        })
    }
}

/// An app that is there, under a row lock if asked for.
fn noted(action: &'static str, id: AppId) -> Change {
    Change::of(action, id, Some(Owner::App(id)))
}

pub(crate) async fn find(
    connection: &impl ConnectionTrait,
    id: Uuid,
    lock: bool,
) -> Result<Option<app::Model>, Error> {
    let mut query = app::Entity::find_by_id(id).filter(app::Column::DeletedUs.is_null());
    if lock {
        query = query.lock_exclusive();
    }
    Ok(query.one(connection).await?)
}

fn row(app: &App) -> app::ActiveModel {
    app::ActiveModel {
        id: Set(app.id.uuid()),
        name: Set(app.name.clone()),
        description: Set(app.description.clone()),
        deleted_us: Set(None),
        created_us: Set(app.created_at.0),
        updated_us: Set(app.updated_at.0),
    }
}

impl From<app::Model> for App {
    fn from(row: app::Model) -> Self {
        Self {
            id: AppId::from_uuid(row.id),
            name: row.name,
            description: row.description,
            created_at: Micros(row.created_us),
            updated_at: Micros(row.updated_us),
        }
    }
}

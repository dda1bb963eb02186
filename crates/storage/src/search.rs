//! Finding things by a part of what people know them by.

use sea_orm::sea_query::{Expr, ExprTrait as _, Func, IntoColumnRef, LikeExpr};
use sea_orm::{ColumnTrait as _, Condition};

use crate::entity::endpoint;

/// A part of a name, in whatever case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search(pub String);

/// Where an endpoint stands, for lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointState {
    /// On, and it works as far as is known.
    Working,
    /// On, and every attempt has failed for a while.
    Failing,
    /// Off.
    Disabled,
}

impl EndpointState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Working, Self::Failing, Self::Disabled];

    /// How the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Failing => "failing",
            Self::Disabled => "disabled",
        }
    }
}

/// Which endpoints of a list are wanted; what is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointFilter {
    /// In their URL or description.
    pub search: Option<Search>,
    /// Those that stand so.
    pub state: Option<EndpointState>,
}

impl EndpointFilter {
    pub(crate) fn condition(&self) -> Condition {
        let (off, since) = (
            endpoint::Column::DisabledUs,
            endpoint::Column::FailingSinceUs,
        );
        let state = match self.state {
            None => None,
            Some(EndpointState::Working) => Some(off.is_null().and(since.is_null())),
            Some(EndpointState::Failing) => Some(off.is_null().and(since.is_not_null())),
            Some(EndpointState::Disabled) => Some(off.is_not_null()),
        };
        let columns = [endpoint::Column::Url, endpoint::Column::Description];
        Condition::all()
            .add_option(state)
            .add_option(self.search.as_ref().map(|search| search.within(columns)))
    }
}

impl Search {
    /// Whether one of these columns has it.
    pub(crate) fn within<C: IntoColumnRef + Copy>(
        &self,
        columns: impl IntoIterator<Item = C>,
    ) -> Condition {
        let (exact, lower) = (pattern(&self.0), pattern(&self.0.to_lowercase()));
        columns.into_iter().fold(Condition::any(), |found, column| {
            // Not every database lowers letters beyond ASCII: those are found as they are spelled.
            found
                .add(Expr::col(column).like(exact.clone()))
                .add(Expr::expr(Func::lower(Expr::col(column))).like(lower.clone()))
        })
    }
}

/// The text anywhere, its wildcards taken as they stand.
fn pattern(text: &str) -> LikeExpr {
    let plain = text
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    LikeExpr::new(format!("%{plain}%")).escape('\\')
}

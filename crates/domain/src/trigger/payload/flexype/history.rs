//! What the activities of a session or checkout add up to.

use crate::clock::Micros;
use crate::trigger::activity::{Activity, ActivityKind, ClientMeta, Family};
use crate::trigger::data::View;

/// In microseconds. When a page and a product or collection of the same URL were viewed less than this apart, the
/// platform told one view in both ways.
const SAME_VIEW: i64 = 1_000_000;

/// Activities, oldest first.
pub(super) struct History<'a>(Vec<(&'a Activity, View<'a>)>);

/// A view of a page.
pub(super) struct Page<'a> {
    /// As JSON.
    pub(super) url: &'a str,
    /// When.
    pub(super) at: Micros,
    /// Whether it was told as the view of a plain page.
    plain: bool,
    /// Whether it was told in both ways.
    twice: bool,
}

impl<'a> History<'a> {
    /// Of these.
    pub(super) fn new(activities: impl IntoIterator<Item = &'a Activity>) -> Self {
        let read = |activity: &'a Activity| (activity, View::of(activity));
        Self(activities.into_iter().map(read).collect())
    }

    /// What the newest that says it says.
    pub(super) fn newest<T>(&self, read: impl Fn(&View<'a>) -> Option<T>) -> Option<T> {
        self.0.iter().rev().find_map(|(_, view)| read(view))
    }

    /// The same of what this checkout alone says.
    pub(super) fn newest_of_checkout<T>(&self, read: impl Fn(&View<'a>) -> Option<T>) -> Option<T> {
        let mut own = self
            .0
            .iter()
            .rev()
            .filter(|(activity, _)| activity.kind.family() == Family::Checkout);
        own.find_map(|(_, view)| read(view))
    }

    /// What each of this kind says.
    pub(super) fn each(
        &self,
        kind: ActivityKind,
        read: impl Fn(&View<'a>, Micros) -> String,
    ) -> impl Iterator<Item = String> {
        let those = self
            .0
            .iter()
            .filter(move |(activity, _)| activity.kind == kind);
        those.map(move |(activity, view)| read(view, activity.at))
    }

    /// The newest known address, referrer and name of the browser.
    pub(super) fn client(&self) -> [Option<&'a str>; 3] {
        let reads: [fn(&ClientMeta) -> Option<&str>; 3] = [
            |client| client.ip.as_deref(),
            |client| client.referer.as_deref(),
            |client| client.user_agent.as_deref(),
        ];
        reads.map(|read| {
            let told = self.0.iter().rev();
            told.filter_map(|(activity, _)| activity.client.as_ref())
                .find_map(read)
        })
    }

    /// The pages in the order they were viewed. The page of a product or collection counts; a platform that also
    /// tells it as a page view tells one view.
    pub(super) fn pages(&self) -> Vec<Page<'a>> {
        let mut pages: Vec<Page<'a>> = Vec::new();
        for (activity, view) in &self.0 {
            let plain = match activity.kind {
                ActivityKind::PageViewed => true,
                ActivityKind::ProductViewed | ActivityKind::CollectionViewed => false,
                _ => continue,
            };
            let Some(url) = view.text_json("url") else {
                continue;
            };
            let other = pages
                .iter_mut()
                .rev()
                .take_while(|page| activity.at.0 - page.at.0 < SAME_VIEW)
                .find(|page| page.url == url && page.plain != plain && !page.twice);
            match other {
                Some(page) => page.twice = true,
                None => pages.push(Page {
                    url,
                    at: activity.at,
                    plain,
                    twice: false,
                }),
            }
        }
        pages
    }
}

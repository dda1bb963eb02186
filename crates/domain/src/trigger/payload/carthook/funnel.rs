//! What is known of a funnel's checkout: its activities, merged.

use crate::trigger::activity::{Activity, ActivityKind, Identity};
use crate::trigger::data::View;

/// The merge of a checkout's activities: later fields replace earlier ones, nulls replace nothing.
#[derive(Default)]
pub(super) struct Funnel<'a> {
    /// Everything but the objects, which merge by their own fields.
    pub(super) known: View<'a>,
    /// The shipping address.
    pub(super) shipping: View<'a>,
    /// The billing address.
    pub(super) billing: View<'a>,
    /// The customer's email address.
    pub(super) email: Option<String>,
    /// The customer's first name.
    pub(super) first_name: Option<String>,
    /// The customer's last name.
    pub(super) last_name: Option<String>,
    /// Whether the customer ticked the box.
    pub(super) accepts_marketing: Option<bool>,
    /// The number that the shopper typed and consents to be messaged at.
    pub(super) sms: Option<String>,
}

impl<'a> Funnel<'a> {
    /// Merges activities, oldest first.
    pub(super) fn of(history: &'a [Activity]) -> Self {
        let mut funnel = Self::default();
        for activity in history {
            let view = View::of(activity);
            funnel.shipping.learn(&view.object("shipping_address"));
            funnel.billing.learn(&view.object("billing_address"));
            funnel.learn_customer(activity, &view.object("customer"));
            funnel.learn_number(activity, view.flag("consent"));
            funnel.known.learn(&view);
        }
        funnel
    }

    /// The data's `customer` counts more than the identity that came with them.
    fn learn_customer(&mut self, activity: &Activity, customer: &View<'a>) {
        let identity = activity.identity.as_ref().map(Identity::normal);
        let identity = identity.unwrap_or_default();
        let told = [
            (&mut self.email, customer.text("email"), identity.email),
            (
                &mut self.first_name,
                customer.text("first_name"),
                identity.first_name,
            ),
            (
                &mut self.last_name,
                customer.text("last_name"),
                identity.last_name,
            ),
        ];
        for (mine, given, identified) in told {
            if let Some(text) = given.or(identified) {
                *mine = Some(text);
            }
        }
        if let Some(accepts) = customer.flag("buyer_accepts_marketing") {
            self.accepts_marketing = Some(accepts);
        }
    }

    /// Consent is to the number it came with. Whoever takes it back, or types another number without it, is not
    /// messaged.
    fn learn_number(&mut self, activity: &Activity, consent: Option<bool>) {
        if activity.kind == ActivityKind::FunnelSmsEntered {
            let identity = activity.identity.as_ref().map(Identity::normal);
            if let Some(number) = identity.and_then(|identity| {
                let phone = identity.phone?;
                Some(match identity.dial_code {
                    Some(code) => format!("+{code}{phone}"),
                    None => phone,
                })
            }) {
                self.sms = (consent == Some(true)).then_some(number);
            }
        }
        if consent == Some(false) {
            self.sms = None;
        }
    }
}

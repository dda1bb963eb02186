//! A funnel's line items and what they add up to. Source: contract 146 and 152.

use rust_decimal::{Decimal, RoundingStrategy};

use super::super::json::{list, nullable, object, or_null};
use super::funnel::Funnel;
use crate::trigger::data::View;
use crate::trigger::money::{round, spelled};

/// The type of a coupon that takes an amount off; of others only the source can tell what they take off.
const AMOUNT_OFF: &str = "amount_off";

/// Line items with their prices, and the shipping.
pub(super) struct Lines<'a> {
    lines: Vec<Line<'a>>,
    shipping: Decimal,
}

/// Amounts are of one.
struct Line<'a> {
    item: View<'a>,
    quantity: Decimal,
    price: Option<Decimal>,
    discounted: Option<Decimal>,
    tax: Option<Decimal>,
}

impl<'a> Lines<'a> {
    /// Those of a funnel's checkout.
    pub(super) fn of(funnel: &Funnel<'a>) -> Self {
        let items = funnel.known.list("line_items").unwrap_or_default();
        let mut lines: Vec<_> = items.into_iter().map(Line::new).collect();
        discount(&mut lines, coupons(funnel));
        for line in &mut lines {
            line.tax = line.tax();
        }
        let rates = funnel
            .known
            .list("selected_shipping_rates")
            .unwrap_or_default();
        let shipping = rates.iter().filter_map(|rate| rate.amount("price")).sum();
        Self { lines, shipping }
    }

    /// Prices times quantities.
    pub(super) fn subtotal(&self) -> Decimal {
        self.sum(|line| line.price.unwrap_or_default())
    }

    /// What was taken off.
    pub(super) fn discount(&self) -> Decimal {
        self.sum(Line::taken_off)
    }

    /// Discounted prices and taxes times quantities, and shipping.
    pub(super) fn total(&self) -> Decimal {
        let goods =
            self.sum(|line| line.discounted.unwrap_or_default() + line.tax.unwrap_or_default());
        goods + self.shipping
    }

    fn sum(&self, amount: impl Fn(&Line<'a>) -> Decimal) -> Decimal {
        self.lines
            .iter()
            .map(|line| amount(line) * line.quantity)
            .sum()
    }

    /// As the payload lists them.
    pub(super) fn json(&self) -> String {
        list(self.lines.iter().map(Line::json))
    }
}

impl<'a> Line<'a> {
    fn new(item: View<'a>) -> Self {
        let discounted = item.amount("discounted_price");
        Self {
            quantity: item.count("quantity").unwrap_or(1).into(),
            price: item.amount("price").or(discounted),
            discounted,
            tax: None,
            item,
        }
    }

    fn taken_off(&self) -> Decimal {
        self.price.unwrap_or_default() - self.discounted.unwrap_or_default()
    }

    /// As given, otherwise by the rate.
    fn tax(&self) -> Option<Decimal> {
        self.item.amount("tax_amount").or_else(|| {
            if self.item.flag("taxable") == Some(false) {
                return Some(Decimal::ZERO);
            }
            Some(round(self.discounted? * self.item.amount("tax_rate")?))
        })
    }

    fn json(&self) -> String {
        let amount = |name: &str, computed: Option<Decimal>| {
            or_null(self.item.digits(name).or_else(|| computed.map(spelled)))
        };
        object([
            (
                "product_id",
                nullable(self.item.id("product_id").as_deref()),
            ),
            (
                "variant_id",
                nullable(self.item.id("variant_id").as_deref()),
            ),
            (
                "discounted_price",
                amount("discounted_price", self.discounted),
            ),
            ("price", amount("price", self.price)),
            ("quantity", self.quantity.to_string()),
            ("sku", or_null(self.item.text_json("sku"))),
            ("tax_amount", amount("tax_amount", self.tax)),
            ("tax_rate", amount("tax_rate", None)),
            (
                "taxable",
                or_null(self.item.flag("taxable").map(|flag| flag.to_string())),
            ),
            ("title", or_null(self.item.text_json("title"))),
        ])
    }
}

/// What the coupons take off.
fn coupons(funnel: &Funnel<'_>) -> Decimal {
    let coupons = funnel.known.list("coupons").unwrap_or_default();
    let off = coupons.iter().filter(|coupon| {
        let named = coupon.text("coupon_type");
        named.is_none_or(|named| named == AMOUNT_OFF)
    });
    off.filter_map(|coupon| coupon.amount("amount")).sum()
}

/// Gives each line that came without one its discounted price. What the coupons take off and the given prices do
/// not yet show is taken off the first line that can bear it, then the next, in whole cents of one; a line never
/// gives more than the coupons do.
fn discount(lines: &mut [Line<'_>], coupons: Decimal) {
    let given = lines.iter().filter(|line| line.discounted.is_some());
    let shown: Decimal = given.map(|line| line.taken_off() * line.quantity).sum();
    let mut left = (coupons - shown).max(Decimal::ZERO);
    for line in lines.iter_mut().filter(|line| line.discounted.is_none()) {
        let Some(price) = line.price else { continue };
        let mut off = Decimal::ZERO;
        if !line.quantity.is_zero() {
            let share = left.min(price.max(Decimal::ZERO) * line.quantity) / line.quantity;
            off = share.round_dp_with_strategy(2, RoundingStrategy::ToZero);
        }
        left -= off * line.quantity;
        line.discounted = Some(price - off);
    }
}

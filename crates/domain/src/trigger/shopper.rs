//! Shoppers: the people a store knows, and the devices they come with. Per store: two stores share nothing.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::Key;
use super::activity::Identity;
use crate::clock::Micros;
use crate::id::{MerchantId, SessionId, ShopperId};

/// A person known by an email address or a phone number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shopper {
    /// Its id.
    pub id: ShopperId,
    /// Whose shopper.
    pub merchant_id: MerchantId,
    /// 32 hex digits, fixed once given.
    pub contact_id: String,
    /// As it was given, trimmed.
    pub email: Option<String>,
    /// Without the dial code.
    pub phone: Option<String>,
    /// Digits, no plus.
    pub dial_code: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// When it was first identified.
    pub created_at: Micros,
}

/// A device that has been seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// Whose visitor.
    pub merchant_id: MerchantId,
    /// The device.
    pub device: Key,
    /// Who uses it, as far as known.
    pub shopper_id: Option<ShopperId>,
    /// Since when that is known.
    pub known_since: Option<Micros>,
    /// The session it was last seen in.
    pub session_id: Option<SessionId>,
    /// Sessions so far.
    pub sessions: i32,
    /// When it was first seen.
    pub first_seen: Micros,
}

impl Identity {
    /// The same with blanks gone and the phone in its normal form: digits, without the dial code.
    #[must_use]
    pub fn normal(&self) -> Self {
        let text = |field: &Option<String>| {
            let text = field.as_deref().map(str::trim);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let digits =
            |text: String| -> String { text.chars().filter(char::is_ascii_digit).collect() };
        let some = |text: String| (!text.is_empty()).then_some(text);
        let dial_code = text(&self.dial_code).map(digits).and_then(some);
        let phone = text(&self.phone).and_then(|phone| {
            let international = phone.starts_with('+');
            let phone = some(digits(phone))?;
            match &dial_code {
                Some(code) if international => some(
                    phone
                        .strip_prefix(code.as_str())
                        .unwrap_or(&phone)
                        .to_owned(),
                ),
                // Nobody says where the code ends.
                None if international => Some(format!("+{phone}")),
                _ => Some(phone),
            }
        });
        Self {
            email: text(&self.email),
            phone,
            dial_code,
            first_name: text(&self.first_name),
            last_name: text(&self.last_name),
            contact_id: text(&self.contact_id),
        }
    }

    /// The email address as it is compared.
    pub fn email_key(&self) -> Option<Key> {
        let email = self.email.as_ref()?;
        Some(Key::of("email", &email.to_lowercase()))
    }

    /// The phone number as it is compared.
    pub fn phone_key(&self) -> Option<Key> {
        self.full_phone().map(|phone| Key::of("phone", &phone))
    }

    /// The number with its code after a plus, or without a plus where nobody said the code: two such numbers are the
    /// same only among themselves.
    fn full_phone(&self) -> Option<String> {
        let phone = self.phone.as_ref()?;
        Some(match &self.dial_code {
            Some(code) => format!("+{code}{phone}"),
            None => phone.clone(),
        })
    }

    /// Whether it names a person: by an email address or a phone number.
    pub const fn identifies(&self) -> bool {
        self.email.is_some() || self.phone.is_some()
    }

    /// The contact's id: what the platform gave, or the first 32 hex digits of HMAC-SHA256 over the normal form of
    /// email address or phone number.
    #[expect(clippy::missing_panics_doc, reason = "HMAC takes a key of any length")]
    pub fn contact(&self, merchant_key: &[u8; 32]) -> String {
        if let Some(given) = &self.contact_id {
            return given.clone();
        }
        let name = match &self.email {
            Some(email) => email.to_lowercase(),
            None => self.full_phone().unwrap_or_default(),
        };
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(merchant_key).expect("any length");
        mac.update(name.as_bytes());
        hex(&mac.finalize().into_bytes()[..16])
    }
}

/// Lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16);
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(digit).collect()
}

impl Shopper {
    /// Takes over what is newly known: what is given replaces, what is missing stays.
    pub fn learn(&mut self, identity: &Identity) {
        let known = [
            (&mut self.email, &identity.email),
            (&mut self.first_name, &identity.first_name),
            (&mut self.last_name, &identity.last_name),
        ];
        for (mine, given) in known {
            if given.is_some() {
                mine.clone_from(given);
            }
        }
        if identity.phone.is_some() {
            self.phone.clone_from(&identity.phone);
            self.dial_code.clone_from(&identity.dial_code);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(email: Option<&str>, dial: Option<&str>, phone: Option<&str>) -> Identity {
        Identity {
            email: email.map(str::to_owned),
            dial_code: dial.map(str::to_owned),
            phone: phone.map(str::to_owned),
            ..Identity::default()
        }
        .normal()
    }

    #[test]
    fn contract_042_a_phone_number_has_no_code_and_a_code_has_no_plus() {
        let same = [
            identity(None, Some("+91"), Some("98765 43210")),
            identity(None, Some("91"), Some("+919876543210")),
            identity(None, Some("91"), Some("9876543210")),
        ];
        for found in &same {
            assert_eq!(found.dial_code.as_deref(), Some("91"));
            assert_eq!(found.phone.as_deref(), Some("9876543210"));
            assert_eq!(found.phone_key(), same[0].phone_key());
        }
    }

    #[test]
    fn contract_042_numbers_are_the_same_only_if_it_is_known_that_their_codes_are() {
        let keys = |given: &[(Option<&str>, &str)]| -> Vec<_> {
            let of = |(dial, phone): &(Option<&str>, &str)| {
                identity(None, *dial, Some(phone)).phone_key()
            };
            given.iter().map(of).collect()
        };
        let local = keys(&[(None, "4155550100"), (None, "(415) 555-0100")]);
        let swiss = keys(&[(Some("41"), "55550100"), (None, "+41 5555 0100")]);
        assert_eq!(local[0], local[1]);
        assert_eq!(swiss[0], swiss[1], "the whole number says its code");
        assert_ne!(local[0], swiss[0]);
        assert_ne!(local[0], keys(&[(Some("1"), "4155550100")])[0]);
    }

    #[test]
    fn contract_038_a_name_alone_identifies_nobody() {
        let named = Identity {
            first_name: Some("Jane".to_owned()),
            email: Some("  ".to_owned()),
            ..Identity::default()
        };
        assert!(!named.normal().identifies());
        assert!(identity(Some("jane@example.com"), None, None).identifies());
        assert!(identity(None, None, Some("123")).identifies());
    }

    #[test]
    fn contract_104_a_contact_id_is_32_hex_digits_of_the_normal_form() {
        let key = [7; 32];
        let id = identity(Some("Jane@Example.com "), None, None).contact(&key);
        assert_eq!(
            id,
            identity(Some("jane@example.com"), None, None).contact(&key)
        );
        assert_ne!(
            id,
            identity(Some("jane@example.com"), None, None).contact(&[8; 32])
        );
        assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()));
        let given = Identity {
            contact_id: Some("c3b0b4e1eb2128776a06e7e5b9ae630e".to_owned()),
            ..Identity::default()
        };
        assert_eq!(given.contact(&key), "c3b0b4e1eb2128776a06e7e5b9ae630e");
    }
}

//! The audit log: who did what to what, from where, and what it was before and after. Entries form a chain: each
//! carries a hash of itself and of the one before it, so that an entry that was changed, left out or put in later
//! shows. What is written when is for storage to say; this file owns the chain and the comparison of states.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::clock::Micros;
use crate::id::{AppId, AuditEntryId, MerchantId};

/// The hash that the first entry follows.
pub const GENESIS: [u8; 32] = [0; 32];

/// Who acts, as entries name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// `usr_…`, `key_…`, or `system` for what Hookyard does by itself.
    pub id: String,
    /// A user's email or an API key's name at that time.
    pub name: String,
}

impl Actor {
    /// Hookyard itself.
    pub fn system() -> Self {
        Self {
            id: "system".to_owned(),
            name: "Hookyard".to_owned(),
        }
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the chain, from 1 on without gaps.
    pub number: i64,
    /// Its id.
    pub id: AuditEntryId,
    /// When it happened.
    pub at: Micros,
    /// Who did it.
    pub actor: Actor,
    /// The operation, as the API's document names it.
    pub action: String,
    /// The id of what it was done to.
    pub target: String,
    /// The merchant whose it is.
    pub merchant_id: Option<MerchantId>,
    /// The app whose it is.
    pub app_id: Option<AppId>,
    /// The address the request came from.
    pub ip: Option<String>,
    /// The request, as answers and logs name it.
    pub request_id: Option<String>,
    /// What changed, as it was before: a JSON object, secrets masked.
    pub before: Option<String>,
    /// What changed, as it was afterwards.
    pub after: Option<String>,
}

impl Entry {
    /// The hash of this entry after one with the hash `previous`.
    pub fn hash(&self, previous: [u8; 32]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(previous);
        hash.update(self.number.to_be_bytes());
        hash.update(self.id.uuid().as_bytes());
        hash.update(self.at.0.to_be_bytes());
        let merchant = self.merchant_id.map(|id| id.to_string());
        let app = self.app_id.map(|id| id.to_string());
        for part in [
            Some(&self.actor.id),
            Some(&self.actor.name),
            Some(&self.action),
            Some(&self.target),
            merchant.as_ref(),
            app.as_ref(),
            self.ip.as_ref(),
            self.request_id.as_ref(),
            self.before.as_ref(),
            self.after.as_ref(),
        ] {
            // Absent, or its length and itself: no two entries spell the same bytes.
            match part {
                None => hash.update([0]),
                Some(text) => {
                    hash.update([1]);
                    hash.update((text.len() as u64).to_be_bytes());
                    hash.update(text);
                }
            }
        }
        hash.finalize().into()
    }
}

/// A walk along the chain, entry by entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Entries walked so far.
    pub length: i64,
    /// The hash of the last one.
    pub head: [u8; 32],
}

/// Where a chain is broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An entry is missing before this one, or was put in.
    #[error("entry {found} stands where entry {wanted} should: one was removed or put in")]
    Gap {
        /// The number that should stand there.
        wanted: i64,
        /// The number that does.
        found: i64,
    },
    /// The entry is not what was written.
    #[error("entry {number} is not what was written")]
    Changed {
        /// Its number.
        number: i64,
    },
    /// The last entries are missing.
    #[error("the log ends at entry {found}, but {wanted} were written")]
    CutOff {
        /// How many were written.
        wanted: i64,
        /// How many there are.
        found: i64,
    },
}

impl Chain {
    /// The empty chain.
    pub const fn new() -> Self {
        Self {
            length: 0,
            head: GENESIS,
        }
    }

    /// Takes the next entry with the hash that was stored for it.
    ///
    /// Errors: it is not the one that was written there.
    pub fn take(&mut self, entry: &Entry, stored: [u8; 32]) -> Result<(), Broken> {
        let wanted = self.length + 1;
        if entry.number != wanted {
            return Err(Broken::Gap {
                wanted,
                found: entry.number,
            });
        }
        let hash = entry.hash(self.head);
        if hash != stored {
            return Err(Broken::Changed {
                number: entry.number,
            });
        }
        self.length = wanted;
        self.head = hash;
        Ok(())
    }

    /// Compares the end of the walk with the end that was noted beside the log.
    ///
    /// Errors: entries are missing at the end, or the last one is another.
    pub fn finish(&self, noted: &Self) -> Result<(), Broken> {
        if self.length != noted.length {
            return Err(Broken::CutOff {
                wanted: noted.length,
                found: self.length,
            });
        }
        if self.head != noted.head {
            return Err(Broken::Changed {
                number: self.length,
            });
        }
        Ok(())
    }
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

/// What differs between two states, both as JSON objects: of what was made or is gone, everything.
pub fn difference(before: Option<Value>, after: Option<Value>) -> (Option<Value>, Option<Value>) {
    match (before, after) {
        (Some(Value::Object(mut before)), Some(Value::Object(mut after))) => {
            let same: Vec<String> = before
                .iter()
                .filter(|(name, value)| after.get(*name) == Some(value))
                .map(|(name, _)| name.clone())
                .collect();
            for name in same {
                before.remove(&name);
                after.remove(&name);
            }
            (Some(Value::Object(before)), Some(Value::Object(after)))
        }
        unlike => unlike,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    fn entry(number: i64) -> Entry {
        Entry {
            number,
            id: AuditEntryId::from_uuid(Uuid::from_u128(7)),
            at: Micros(1_778_148_000_000_000 + number),
            actor: Actor::system(),
            action: "updateEndpoint".to_owned(),
            target: "ep_x".to_owned(),
            merchant_id: None,
            app_id: None,
            ip: None,
            request_id: Some("req_1".to_owned()),
            before: Some(r#"{"url":"a"}"#.to_owned()),
            after: Some(r#"{"url":"b"}"#.to_owned()),
        }
    }

    /// A chain of this many entries with their hashes.
    fn written(count: i64) -> (Vec<(Entry, [u8; 32])>, Chain) {
        let mut chain = Chain::new();
        let rows = (1..=count).map(|number| {
            let entry = entry(number);
            let hash = entry.hash(chain.head);
            chain.take(&entry, hash).unwrap();
            (entry, hash)
        });
        let rows = rows.collect();
        (rows, chain)
    }

    fn walk(rows: &[(Entry, [u8; 32])], noted: &Chain) -> Result<(), Broken> {
        let mut chain = Chain::new();
        for (entry, hash) in rows {
            chain.take(entry, *hash)?;
        }
        chain.finish(noted)
    }

    #[test]
    fn a_chain_as_it_was_written_is_whole() {
        let (rows, noted) = written(5);
        assert_eq!(walk(&rows, &noted), Ok(()));
        assert_eq!(walk(&[], &Chain::new()), Ok(()));
    }

    #[test]
    fn whatever_is_changed_left_out_put_in_or_cut_off_shows() {
        let (rows, noted) = written(5);
        let changes: [fn(&mut Entry); 6] = [
            |entry| entry.actor.name.push('x'),
            |entry| entry.target = "ep_y".to_owned(),
            |entry| entry.before = None,
            |entry| entry.ip = Some(String::new()),
            |entry| entry.at = Micros(0),
            |entry| {
                entry.action.push_str("ep_x");
                entry.target = String::new();
            },
        ];
        for change in changes {
            let mut other = rows.clone();
            change(&mut other[2].0);
            assert_eq!(walk(&other, &noted), Err(Broken::Changed { number: 3 }));
        }
        let mut without = rows.clone();
        without.remove(2);
        assert_eq!(
            walk(&without, &noted),
            Err(Broken::Gap {
                wanted: 3,
                found: 4
            })
        );
        assert_eq!(
            walk(&rows[..4], &noted),
            Err(Broken::CutOff {
                wanted: 5,
                found: 4
            })
        );
        // Whoever writes a whole new chain does not get the noted end.
        let (mut forged, _) = written(4);
        forged.push((entry(6), [0; 32]));
        assert!(walk(&forged, &noted).is_err());
    }

    #[test]
    fn only_what_differs_is_kept_of_a_change() {
        let (before, after) = difference(
            Some(json!({ "url": "a", "version": "v1", "old": 1 })),
            Some(json!({ "url": "b", "version": "v1", "new": 2 })),
        );
        assert_eq!(before, Some(json!({ "url": "a", "old": 1 })));
        assert_eq!(after, Some(json!({ "url": "b", "new": 2 })));
        let made = difference(None, Some(json!({ "url": "a" })));
        assert_eq!(made, (None, Some(json!({ "url": "a" }))));
    }
}

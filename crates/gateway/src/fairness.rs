//! Whose turn it is in a commit that many callers share.

use std::collections::HashMap;

use domain::id::MerchantId;

/// Rows of one merchant in a commit while others wait.
pub(crate) const PER_MERCHANT: usize = 64;

/// What waits for a commit.
pub(crate) trait Piece {
    /// Whose it is.
    fn merchant_id(&self) -> MerchantId;
    /// How many rows it stands for.
    fn rows(&self) -> usize;
}

/// Takes what goes into the next commit, at least one piece: in the order they came, about `most` rows, at most
/// [`PER_MERCHANT`] of one merchant while others wait. What is not taken stays.
pub(crate) fn take_fairly<P: Piece>(waiting: &mut Vec<P>, most: usize) -> Vec<P> {
    let alone = waiting
        .iter()
        .all(|piece| piece.merchant_id() == waiting[0].merchant_id());
    let mut rows: HashMap<MerchantId, usize> = HashMap::new();
    let (mut taken, mut left) = (Vec::with_capacity(waiting.len()), Vec::new());
    let mut total = 0;
    for piece in waiting.drain(..) {
        let row = rows.entry(piece.merchant_id()).or_default();
        let full = !taken.is_empty() && total + piece.rows() > most;
        if full || (!alone && *row >= PER_MERCHANT) {
            left.push(piece);
            continue;
        }
        *row += piece.rows();
        total += piece.rows();
        taken.push(piece);
    }
    *waiting = left;
    taken
}

//! Where the members of a JSON object stand in its bytes: for changing one and leaving every other byte as it
//! is. The text is valid JSON; of anything else only that it is no object is told, or wrong places.

use std::ops::Range;

/// An object's members.
pub(super) struct Members {
    /// Where they begin: after the opening brace.
    pub(super) start: usize,
    /// In the order they stand.
    pub(super) list: Vec<Member>,
}

/// One member of an object.
pub(super) struct Member {
    key: Range<usize>,
    /// Where its value stands.
    pub(super) value: Range<usize>,
}

impl Member {
    /// Whether its key is `name`, which needs no escaping, in whatever spelling.
    pub(super) fn is(&self, object: &[u8], name: &str) -> bool {
        let key = &object[self.key.clone()];
        let plain = &key[1..key.len() - 1];
        if plain.contains(&b'\\') {
            serde_json::from_slice::<String>(key).is_ok_and(|key| key == name)
        } else {
            plain == name.as_bytes()
        }
    }
}

/// The members of an object; `None` when it is none.
pub(super) fn members(object: &[u8]) -> Option<Members> {
    let mut scan = Scan {
        text: object,
        at: 0,
    };
    scan.punctuation(b'{')?;
    let start = scan.at;
    let mut list = Vec::new();
    if scan.punctuation(b'}').is_some() {
        return Some(Members { start, list });
    }
    loop {
        scan.space();
        let key = scan.string()?;
        scan.punctuation(b':')?;
        scan.space();
        let value = scan.value()?;
        list.push(Member { key, value });
        if scan.punctuation(b',').is_none() {
            scan.punctuation(b'}')?;
            return Some(Members { start, list });
        }
    }
}

struct Scan<'a> {
    text: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| b" \t\r\n".contains(&byte)) {
            self.at += 1;
        }
    }

    /// Passes space and this byte; stays before the next byte when it is another.
    fn punctuation(&mut self, byte: u8) -> Option<()> {
        self.space();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Passes a string; its place includes the quotes.
    fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        if self.peek()? != b'"' {
            return None;
        }
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(start..self.at)
    }

    /// Passes a value of any kind.
    fn value(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        match self.peek()? {
            b'"' => return self.string(),
            b'{' | b'[' => self.nested()?,
            _ => {
                let ends = |byte: u8| b",}] \t\r\n".contains(&byte);
                while self.peek().is_some_and(|byte| !ends(byte)) {
                    self.at += 1;
                }
            }
        }
        (self.at > start).then_some(start..self.at)
    }

    /// Passes an object or array with all that is in it.
    fn nested(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }
}

//! Mails, most of them with links that are good once. Without a mail server nothing is sent: whoever may see a link is
//! shown it.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock as _, Micros};
use domain::endpoint::Owner;
use domain::id::UserId;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use rand::Rng;
use storage::Storage;
use tokio_util::task::TaskTracker;

use crate::auth::login::subject_of;
use crate::auth::token::{self, Kind};
use crate::limits::SharedCounts;
use crate::limits::address::ClientAddress;
use crate::limits::throttle::Throttle;
use crate::problem::ApiError;

/// Mails of one kind to one address in [`WINDOW`]: a person asks again once or twice, who asks more often annoys
/// somebody.
const MAILS: u32 = 5;
/// Mails that one merchant, one app, the platform, or one network address sets off.
const MAILS_FROM: u32 = 100;
const WINDOW: Duration = Duration::from_hours(1);
/// How long the mail server may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Between the tries of a mail.
const PAUSES: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(20)];

/// A mail server, and whom mails are from.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The transport knows a password.
        write!(f, "Mailer from {}", self.from)
    }
}

impl Mailer {
    /// A server by its URL, such as `smtps://user:password@smtp.example.com`, and the sender, such as
    /// `Hookyard <hooks@example.com>`.
    ///
    /// Errors: what would be right.
    pub fn new(url: &str, from: &str) -> Result<Self, String> {
        let from = from
            .parse()
            .map_err(|_| "the sender must be an email address, or `Name <address>`".to_owned())?;
        // What lettre says of a wrong URL may repeat it, and with it the password.
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| {
            "the mail server must be smtps://user:password@host:port, or smtp:// with ?tls=required, ?tls=opportunistic or neither"
                .to_owned()
        })?;
        Ok(Self {
            transport: transport.timeout(Some(TIMEOUT)).build(),
            from,
        })
    }

    /// Errors: the address is none that mail goes to.
    fn message(&self, letter: Letter) -> Result<Message, String> {
        let address: Result<Address, _> = letter.to.parse();
        let address = address.map_err(|error| error.to_string())?;
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .subject(letter.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text)
            .map_err(|error| error.to_string())
    }
}

fn link(public_url: &str, page: &str, token: &str) -> String {
    format!("{public_url}/{page}#token={token}")
}

/// How long a link to a new password is good.
const RESET_LIFE: Duration = Duration::from_hours(1);

/// A link to a new password of a user, and when it ends.
///
/// Errors: the database cannot be reached.
pub async fn password_reset_link(
    storage: &Storage,
    public_url: &str,
    user_id: UserId,
    rng: &mut (impl Rng + Send),
) -> Result<(String, Micros), storage::Error> {
    let expires_at = storage.clock().now() + RESET_LIFE;
    let token = Kind::PasswordReset.generate(rng);
    storage
        .create_password_reset(user_id, token::hash(&token), expires_at)
        .await?;
    Ok((link(public_url, "reset-password", &token), expires_at))
}

/// What is written to whom.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    /// Their email.
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
}

/// Why a mail did not arrive. The server's words are in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undelivered {
    /// The address takes no mail: the same one would not arrive later either.
    Refused,
    /// The server is away, or takes nothing from us.
    Failed,
}

impl From<&smtp::Error> for Undelivered {
    /// Sorts by what the server answered: other answers than these may be about us. Source: RFC 5321, section 4.2.3.
    fn from(error: &smtp::Error) -> Self {
        match error.status().map(u16::from) {
            Some(550 | 551 | 553) => Self::Refused,
            _ => Self::Failed,
        }
    }
}

/// Makes links, and mails them.
pub struct Mail {
    mailer: Option<Mailer>,
    public_url: String,
    resets: Throttle,
    resets_from: Throttle,
    invitations: Throttle,
    invitations_from: Throttle,
    /// Mails on their way.
    under_way: TaskTracker,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mail")
    }
}

impl Mail {
    /// Links begin with `public_url`; mails to one address are counted together with other processes by `shared`.
    pub fn new(
        public_url: String,
        mailer: Option<Mailer>,
        shared: Option<&Arc<dyn SharedCounts>>,
    ) -> Self {
        let throttle = |of, limit| Throttle::new(of, limit, WINDOW).sharing(shared.cloned());
        Self {
            mailer,
            public_url,
            resets: throttle("reset", MAILS),
            resets_from: throttle("reset_from", MAILS_FROM),
            invitations: throttle("invite", MAILS),
            invitations_from: throttle("invite_from", MAILS_FROM),
            under_way: TaskTracker::new(),
        }
    }

    /// Waits for the mails that are on their way.
    pub async fn drain(&self) {
        self.under_way.close();
        self.under_way.wait().await;
    }

    /// Where links begin.
    pub(crate) fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Whether mails are sent at all.
    pub(crate) const fn is_on(&self) -> bool {
        self.mailer.is_some()
    }

    /// A link to a page of the dashboard. The token stands where it reaches no server's log.
    pub(crate) fn link(&self, page: &str, token: &str) -> String {
        link(&self.public_url, page, token)
    }

    /// Counts what asks for a new password, from this address.
    ///
    /// Errors: 429 after too many.
    pub(crate) async fn admit_reset(&self, from: ClientAddress) -> Result<(), ApiError> {
        self.resets_from.enter(from.subject()).await.map(drop)
    }

    /// Counts a mail about a new password to this email, whether or not anybody has it.
    ///
    /// Errors: 429 after too many.
    pub(crate) async fn admit_reset_to(&self, to: &str) -> Result<(), ApiError> {
        self.resets.enter(subject_of(to)).await.map(drop)
    }

    /// Counts an invitation to this email, of whose affair it is. Nobody uses up what others may send.
    ///
    /// Errors: 429 after too many.
    pub(crate) async fn admit_invitation(
        &self,
        owner: Option<Owner>,
        to: &str,
    ) -> Result<(), ApiError> {
        if !self.is_on() {
            return Ok(());
        }
        let owner = match owner {
            Some(Owner::Merchant(id)) => id.to_string(),
            Some(Owner::App(id)) => id.to_string(),
            None => String::new(),
        };
        let pair = self
            .invitations
            .enter(subject_of(&format!("{owner} {to}")))
            .await?;
        match self.invitations_from.enter(subject_of(&owner)).await {
            Ok(_) => Ok(()),
            Err(refusal) => {
                pair.give_back().await;
                Err(refusal)
            }
        }
    }

    /// Sends a mail beside the request: what it answers does not tell whether the mail arrived, nor how long that took.
    ///
    /// Errors: the address is none that mail goes to.
    pub(crate) fn send(&self, letter: Letter) -> Result<(), ApiError> {
        let Some(mailer) = self.mailer.clone() else {
            return Ok(());
        };
        let message = mailer.message(letter).map_err(ApiError::internal)?;
        self.under_way.spawn(deliver(mailer, message));
        Ok(())
    }

    /// Sends a mail, and waits until the server has taken it.
    ///
    /// Errors: it has not, though it was asked more than once, or refuses it.
    pub(crate) async fn deliver_now(&self, letter: Letter) -> Result<(), Undelivered> {
        let mailer = self.mailer.clone().ok_or(Undelivered::Failed)?;
        let message = mailer.message(letter).map_err(|error| {
            tracing::warn!(%error, "mail.refused");
            Undelivered::Refused
        })?;
        deliver(mailer, message).await
    }
}

/// Sends a mail, and tries again while the server does not take it.
async fn deliver(mailer: Mailer, message: Message) -> Result<(), Undelivered> {
    for pause in PAUSES {
        match mailer.transport.send(message.clone()).await {
            Ok(_) => {
                tracing::info!("mail.sent");
                return Ok(());
            }
            Err(error) if error.is_permanent() => {
                tracing::warn!(%error, "mail.refused");
                return Err(Undelivered::from(&error));
            }
            Err(error) => tracing::warn!(%error, "mail.failed"),
        }
        tokio::time::sleep(pause).await;
    }
    match mailer.transport.send(message).await {
        Ok(_) => {
            tracing::info!("mail.sent");
            Ok(())
        }
        Err(error) => {
            tracing::error!(%error, "mail.given_up");
            Err(Undelivered::from(&error))
        }
    }
}

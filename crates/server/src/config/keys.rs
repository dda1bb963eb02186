//! Every setting: its key, what it takes, its default and why. The one source of `config.default.toml`
//! and of the reference page.

/// What a key takes, as documents say it and as TOML spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// A text that is masked wherever it is shown; may come from a file by `_FILE`.
    Secret,
    /// A URL whose password is masked; may come from a file by `_FILE`.
    SecretUrl,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Number,
    /// A duration such as `250ms`, `90s`, `15m`, `2h`, `30d`.
    Duration,
    /// Durations.
    Durations,
    /// Texts.
    List,
}

impl Kind {
    /// Whether the value must not be shown.
    pub(crate) const fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::SecretUrl)
    }

    /// Whether several values are taken, separated by commas.
    pub(crate) const fn is_list(self) -> bool {
        matches!(self, Self::Durations | Self::List)
    }

    /// Its name in the reference.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Secret => "secret",
            Self::SecretUrl => "URL",
            Self::Bool => "true or false",
            Self::Number => "number",
            Self::Duration => "duration",
            Self::Durations => "list of durations",
            Self::List => "list",
        }
    }
}

/// One setting.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its place in the TOML file: `section.name`.
    pub(crate) path: &'static str,
    /// What it takes.
    pub(crate) kind: Kind,
    /// Its value when nobody gives one; empty is none.
    pub(crate) default: &'static str,
    /// Meaning, unit, and why the default is what it is.
    pub(crate) doc: &'static str,
}

impl Key {
    /// Its environment variable.
    pub(crate) fn variable(&self) -> String {
        format!("HOOKYARD_{}", self.path.replace('.', "__").to_uppercase())
    }

    /// The key of this path.
    pub(crate) fn find(path: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.path == path)
    }
}

const fn key(path: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Key {
    Key {
        path,
        kind,
        default,
        doc,
    }
}

/// What each section is about, in the order of the documents.
pub(crate) const SECTIONS: &[(&str, &str)] = &[
    ("", "The process itself."),
    (
        "admin",
        "The first admin. Used at start, only when there is no admin yet.",
    ),
    (
        "smtp",
        "Mail: invitations, new passwords, failing endpoints. Both, and `public_url`, or neither.",
    ),
    ("auth", "Logins."),
    (
        "database",
        "Connections to PostgreSQL; SQLite takes only `api_connections`, for reads.",
    ),
    (
        "dialects.carthook",
        "Defaults of CartHook endpoints. An endpoint may have its own.",
    ),
    (
        "dialects.flashy",
        "Defaults of Flashy endpoints. An endpoint may have its own.",
    ),
    (
        "dialects.flexype",
        "Defaults of FlexyPe endpoints. An endpoint may have its own.",
    ),
    (
        "dialects.standard",
        "Defaults of Standard Webhooks endpoints. An endpoint may have its own.",
    ),
    ("ingest", "Taking events in."),
    ("limits", "What one caller may ask of the process."),
    ("log_redaction", "What the delivery log leaves out."),
    ("outbound", "How receivers are reached."),
    ("retention", "How long things are kept."),
    (
        "triggers",
        "When what shoppers do, or no longer do, becomes an event.",
    ),
    ("worker", "Delivering."),
];

/// All of them, by section.
pub(crate) const KEYS: &[Key] = &[
    key(
        "listen",
        Kind::Text,
        "127.0.0.1:8080",
        "Address and port of the API and dashboard. Only this machine by default: put a TLS proxy in front before opening it.",
    ),
    key(
        "metrics_listen",
        Kind::Text,
        "",
        "Address and port of `/metrics`, `/livez` and `/readyz` alone. With it, `/metrics` is no longer served by `listen`.",
    ),
    key(
        "data_dir",
        Kind::Text,
        "./data",
        "Where embedded mode keeps its database and master key. Made with mode 0700.",
    ),
    key(
        "database_url",
        Kind::SecretUrl,
        "",
        "`postgres://…`, or `sqlite:/path/file.db`. None: `hookyard.db` in `data_dir`.",
    ),
    key(
        "redis_url",
        Kind::SecretUrl,
        "",
        "`redis://…` or `rediss://…`, shared by all processes. None: each process wakes only itself, and others find its work by their safety poll.",
    ),
    key(
        "master_key",
        Kind::Secret,
        "",
        "Base64 keys of 32 bytes that secrets at rest are encrypted with: the first encrypts, all decrypt. Separated by commas. Must be given with PostgreSQL; embedded mode makes one at first start.",
    ),
    key(
        "public_url",
        Kind::Text,
        "",
        "How browsers and clients reach this installation. Its host may not be an endpoint's.",
    ),
    key(
        "self_hosts",
        Kind::List,
        "",
        "More host names of this installation, which no endpoint may have.",
    ),
    key(
        "trusted_proxies",
        Kind::List,
        "",
        "Networks of the proxies in front, such as `10.0.0.0/8`. Their `X-Forwarded-For` is believed, nobody else's: where there is a proxy and this is not set, all clients have one address.",
    ),
    key(
        "migrate",
        Kind::Bool,
        "true",
        "Bring the schema up to date at start, one process at a time. Embedded mode always does.",
    ),
    key(
        "log",
        Kind::Text,
        "info",
        "What is logged: a `tracing` filter, such as `info,worker=debug`. The database driver's warnings are left out unless `sqlx=warn` asks for them.",
    ),
    key(
        "log_format",
        Kind::Text,
        "json",
        "`json` for machines, `text` for people.",
    ),
    key("admin.email", Kind::Text, "", "Their email."),
    key(
        "admin.password",
        Kind::Secret,
        "",
        "Their password, at least 12 characters.",
    ),
    key(
        "smtp.url",
        Kind::Secret,
        "",
        "Mail server for invitations, new passwords and failing endpoints, such as `smtps://user:password@smtp.example.com`. Without it nothing is mailed: links are shown to admins, and to who invites.",
    ),
    key(
        "smtp.from",
        Kind::Text,
        "",
        "Whom mails are from, such as `Hookyard <hooks@example.com>`.",
    ),
    key(
        "auth.access_token",
        Kind::Duration,
        "15m",
        "Life of an access token. Short: a stolen one is soon worthless.",
    ),
    key(
        "auth.refresh_token",
        Kind::Duration,
        "30d",
        "Life of a refresh token: who comes back in time stays logged in.",
    ),
    key(
        "database.hot_connections",
        Kind::Number,
        "6",
        "Connections for taking in, claiming and settling. Few: each is busy with batches.",
    ),
    key(
        "database.api_connections",
        Kind::Number,
        "10",
        "Connections for the API's reads and changes.",
    ),
    key(
        "dialects.carthook.schedule",
        Kind::Durations,
        "1m,5m,15m,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h,1h",
        "Delays before the retries of a failed delivery: 1, 5 and 15 minutes, then hourly as long as all delays together are within 24 h.",
    ),
    key(
        "dialects.carthook.timeout",
        Kind::Duration,
        "10s",
        "From the start of an attempt to its complete response head. At most 30s.",
    ),
    key(
        "dialects.flashy.schedule",
        Kind::Durations,
        "1m,5m,15m",
        "Delays before the retries of a failed delivery. Source: Flashy asks for at least three more tries.",
    ),
    key(
        "dialects.flashy.timeout",
        Kind::Duration,
        "5s",
        "From the start of an attempt to its complete response head. At most 30s. Source: Flashy asks for an answer under 5 s.",
    ),
    key(
        "dialects.flexype.schedule",
        Kind::Durations,
        "1m,5m,15m",
        "Delays before the retries of a failed delivery. Source: FlexyPe, \"Retry logic\".",
    ),
    key(
        "dialects.flexype.timeout",
        Kind::Duration,
        "10s",
        "From the start of an attempt to its complete response head. At most 30s.",
    ),
    key(
        "dialects.standard.schedule",
        Kind::Durations,
        "5s,5m,30m,2h,5h,10h,14h,20h,24h",
        "Delays before the retries of a failed delivery; up to 20 % is added at random. Source: Standard Webhooks, \"Deliverability and reliability\".",
    ),
    key(
        "dialects.standard.timeout",
        Kind::Duration,
        "20s",
        "From the start of an attempt to its complete response head. At most 30s.",
    ),
    key(
        "ingest.pace",
        Kind::Duration,
        "3ms",
        "Least time between the beginnings of two commits of new events. Adds nothing at low load, makes batches at high load.",
    ),
    key(
        "ingest.waiting",
        Kind::Number,
        "4096",
        "Publish calls that may wait for their commit. Beyond, callers get 503 and come back.",
    ),
    key(
        "ingest.bytes",
        Kind::Number,
        "67108864",
        "Bytes that the events of waiting publish calls may have together. Beyond, callers get 503 and come back.",
    ),
    key(
        "limits.requests_per_key",
        Kind::Text,
        "",
        "Requests of one credential, a person's or an API key's: `100/s`, `6000/m` or `50/10s`, all at once or spread. None: no limit. Processes with the same Redis count together.",
    ),
    key(
        "limits.requests_per_merchant",
        Kind::Text,
        "",
        "Requests about one merchant, whoever makes them, spelled the same. None: no limit.",
    ),
    key(
        "limits.endpoints_per_merchant",
        Kind::Number,
        "50",
        "Endpoints a merchant may have, and an app.",
    ),
    key(
        "limits.retry_jobs",
        Kind::Number,
        "5",
        "Bulk retries that a merchant may have unfinished at once, and the platform across merchants.",
    ),
    key(
        "limits.retry_rate",
        Kind::Number,
        "100",
        "Attempts that a bulk retry makes in a second when it does not say: ten thousand in two minutes.",
    ),
    key(
        "limits.retry_rate_max",
        Kind::Number,
        "500",
        "The most attempts in a second that a bulk retry may ask for.",
    ),
    key(
        "limits.test_sends",
        Kind::Number,
        "10",
        "Test sends to one endpoint in a minute: enough to debug by, too few to flood with.",
    ),
    key(
        "limits.logins",
        Kind::Number,
        "100",
        "Failed logins of one account within `login_window`: a person never gets there, a guesser soon does.",
    ),
    key(
        "limits.login_window",
        Kind::Duration,
        "10m",
        "The window of `logins` and `logins_per_address`.",
    ),
    key(
        "limits.logins_per_address",
        Kind::Number,
        "1000",
        "Failed logins from one address within `login_window`: an office never gets there, who tries one password on many accounts does.",
    ),
    key(
        "limits.refused_credentials",
        Kind::Number,
        "300",
        "Wrong API keys and tokens from one address in a minute; more get 429. A right one from there is never refused for it.",
    ),
    key(
        "limits.connections",
        Kind::Number,
        "10000",
        "Connections held at once. More wait unaccepted.",
    ),
    key(
        "limits.connections_per_address",
        Kind::Number,
        "8000",
        "Connections of one address that is no trusted proxy's. More are closed. Fewer than `connections`, so that nobody takes all.",
    ),
    key(
        "limits.header_timeout",
        Kind::Duration,
        "10s",
        "Time for the first byte of a connection and for each request head.",
    ),
    key(
        "limits.body_timeout",
        Kind::Duration,
        "30s",
        "Time for a whole request body. A slower client gets 408 and is cut.",
    ),
    key(
        "limits.write_timeout",
        Kind::Duration,
        "30s",
        "How long a client may take nothing of an answer that waits for it. Then it is cut.",
    ),
    key(
        "log_redaction.queries",
        Kind::Bool,
        "false",
        "Show payloads without the queries of their URLs, which may carry personal data. What is stored and sent stays as it is.",
    ),
    key(
        "outbound.allow_http",
        Kind::Bool,
        "false",
        "Also call `http://` URLs. For development only.",
    ),
    key(
        "outbound.allowed_networks",
        Kind::List,
        "",
        "Networks that may be called although they are not public, such as `127.0.0.0/8`. Wins over every rule about addresses and ports.",
    ),
    key(
        "outbound.ca_file",
        Kind::Text,
        "",
        "PEM file of certificate authorities to trust besides the system's.",
    ),
    key(
        "outbound.dns_servers",
        Kind::List,
        "",
        "Name servers to ask, as `address` or `address:port`. None: the system's.",
    ),
    key(
        "outbound.connect_timeout",
        Kind::Duration,
        "3s",
        "Time for opening the TCP connection, and again for the TLS handshake.",
    ),
    key(
        "outbound.dns_timeout",
        Kind::Duration,
        "2s",
        "Time for looking up a name.",
    ),
    key(
        "outbound.idle_timeout",
        Kind::Duration,
        "30s",
        "How long an unused connection is kept. Short: its address is not checked again.",
    ),
    key(
        "retention.log",
        Kind::Duration,
        "30d",
        "How long events, deliveries and attempts are kept. What is unfinished is kept longer.",
    ),
    key(
        "triggers.session_inactivity",
        Kind::Duration,
        "15m",
        "From a session's last activity to its ABANDONED_SESSION. Source: FlexyPe, \"Abandoned Session\".",
    ),
    key(
        "triggers.checkout_abandonment",
        Kind::Duration,
        "15m",
        "From a checkout's opening to its ABANDONED_CHECKOUT; from its last activity where the merchant's acr_clock says so. Source: FlexyPe, \"When each event fires\".",
    ),
    key(
        "triggers.upsell_inactivity",
        Kind::Duration,
        "10m",
        "From the last move on an upsell page to the closing of the order. Source: CartHook, \"Webhooks\".",
    ),
    key(
        "worker.slots",
        Kind::Number,
        "512",
        "Requests in flight at once in this process. At least 4.",
    ),
    key(
        "worker.in_flight_per_endpoint",
        Kind::Number,
        "10",
        "Requests in flight at once to one endpoint.",
    ),
    key(
        "worker.per_host",
        Kind::Number,
        "64",
        "Requests in flight at once to one host, whoever's endpoints are there.",
    ),
    key(
        "worker.claim_pace",
        Kind::Duration,
        "3ms",
        "Least time between the beginnings of two claims. Adds nothing at low load, makes batches at high load.",
    ),
    key(
        "worker.settle_pace",
        Kind::Duration,
        "10ms",
        "Least time between the beginnings of two commits of results.",
    ),
    key(
        "worker.slow_slots",
        Kind::Number,
        "32",
        "Requests in flight at once to all endpoints that are slow to answer.",
    ),
    key(
        "worker.disable_after",
        Kind::Duration,
        "5d",
        "An endpoint with nothing but failures for so long is disabled.",
    ),
    key(
        "worker.disabled_wait",
        Kind::Duration,
        "72h",
        "How long deliveries of a disabled endpoint wait for it to be enabled. Then they are skipped.",
    ),
];

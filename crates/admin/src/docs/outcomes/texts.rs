//! What the pages say. All is HTML but the titles and the commands, which are plain text.

use domain::attempt::Outcome;

/// What the page of one outcome says.
#[derive(Debug)]
pub(super) struct Words {
    /// Above the page.
    pub(super) title: &'static str,
    /// In one line, for the index.
    pub(super) line: &'static str,
    /// What it means.
    pub(super) meaning: &'static str,
    /// What usually causes it, the most common first.
    pub(super) causes: &'static [&'static str],
    /// What to do, what is most likely to help first.
    pub(super) remedies: &'static [&'static str],
    /// Commands that show it; empty where none do.
    pub(super) commands: &'static str,
    /// Whether it is tried again as every failure is.
    pub(super) retried: bool,
    /// What else is to be said of what follows.
    pub(super) next: &'static str,
    /// Outcomes that are easily mistaken for it.
    pub(super) near: &'static [Outcome],
}

/// What is said of an outcome.
pub(super) const fn words(outcome: Outcome) -> &'static Words {
    match outcome {
        Outcome::Success => &SUCCESS,
        Outcome::HttpStatus => &HTTP_STATUS,
        Outcome::Redirect => &REDIRECT,
        Outcome::BlockedAddress => &BLOCKED_ADDRESS,
        Outcome::DnsError => &DNS_ERROR,
        Outcome::ConnectRefused => &CONNECT_REFUSED,
        Outcome::ConnectTimeout => &CONNECT_TIMEOUT,
        Outcome::TlsUntrusted => &TLS_UNTRUSTED,
        Outcome::TlsNameMismatch => &TLS_NAME_MISMATCH,
        Outcome::TlsExpired => &TLS_EXPIRED,
        Outcome::TlsProtocol => &TLS_PROTOCOL,
        Outcome::TlsHandshake => &TLS_HANDSHAKE,
        Outcome::Timeout => &TIMEOUT,
        Outcome::Reset => &RESET,
        Outcome::InvalidResponse => &INVALID_RESPONSE,
        Outcome::Unknown => &UNKNOWN,
        Outcome::Cancelled => &CANCELLED,
    }
}

/// What many timeouts lead to.
const SLOW: &str = "\
    After three attempts in a row that came to no answer or no connection in time, or when attempts take more than \
    2 seconds on average, the endpoint gets one request at a time, until it answers within a second.";

/// Shows the certificate as it is served.
const SHOW_CERTIFICATE: &str = "\
openssl s_client -connect hooks.example.com:443 -servername hooks.example.com </dev/null 2>/dev/null \\
  | openssl x509 -noout -subject -issuer -dates -ext subjectAltName";

const SUCCESS: Words = Words {
    title: "Success",
    line: "The endpoint acknowledged the event.",
    meaning: "The response’s headers came in time, and the status is one that the endpoint’s format takes for an \
              acknowledgement. The body of the response makes no difference, nor does it when it breaks off: its \
              first 16 KiB are kept for you to read.",
    causes: &["The endpoint answered as its format asks, in time."],
    remedies: &[
        "Nothing. Go on answering first and working later.",
        "If the event has no effect all the same, read the response that is kept with the attempt: a proxy, a page \
         for everything that is not found, or another application may have answered.",
        "If the endpoint acknowledges what it could not store, that event is lost to it: let it answer a success \
         only once the event is safe. A retry by hand sends it again.",
    ],
    commands: "curl -sS -i -X POST -H 'content-type: application/json' -d '{}' https://hooks.example.com/webhooks",
    retried: false,
    next: "No. The delivery is <code>succeeded</code> and no more attempts follow by themselves. A receiver may see \
           an event more than once all the same, when an earlier attempt reached it and its answer did not reach us: \
           tell repeats by the event id.",
    near: &[Outcome::HttpStatus, Outcome::Redirect],
};

const HTTP_STATUS: Words = Words {
    title: "Not accepted",
    line: "The endpoint answered with a status that is no acknowledgement.",
    meaning: "The call reached a server and was answered in full, with a status that the endpoint’s format does not \
              take for an acknowledgement. Redirects have an outcome of their own.",
    causes: &[
        "The application refuses the request or fails at it.",
        "A proxy, a firewall or a login in front of the application answers in its place.",
        "The endpoint’s <code>url</code> leads to another path than the receiver’s.",
    ],
    remedies: &[
        "Read the response that is kept with the attempt: its body mostly says who answered and why.",
        "Look into the receiver’s own log at the time of the attempt.",
        "Mend it as the table says, and send a test: <code>POST \
         /v1/merchants/{merchant_id}/endpoints/{endpoint_id}/test</code>.",
    ],
    commands: "curl -sS -i -X POST -H 'content-type: application/json' -d '{}' https://hooks.example.com/webhooks",
    retried: true,
    next: "The status makes no difference to that, with two exceptions for endpoints of the format \
           <code>standard</code>: 410, and <code>Retry-After</code> with 429 or 503. See the table above.",
    near: &[Outcome::Redirect, Outcome::Timeout],
};

const REDIRECT: Words = Words {
    title: "Redirected",
    line: "The endpoint answered with a redirect, which is never followed.",
    meaning: "The status of the answer is one from 300 to 399. Redirects are not followed: they would take events and \
              secrets to where nobody meant to send them, and many turn a POST into a GET without a body.",
    causes: &[
        "The site has moved to another name, often with or without <code>www.</code>.",
        "The path lacks a last slash, or has one too many.",
        "The path asks for a login and leads to its page.",
        "The application takes the proxy’s plain http for the visitor’s and leads to https again.",
    ],
    remedies: &[
        "Set the endpoint’s <code>url</code> to what the <code>Location</code> header of the answer names, if that is \
         the receiver. Deliveries that wait go there too.",
        "Where it leads to a login, exempt the path from it.",
        "Where it leads to the same URL, let the application believe the proxy’s <code>X-Forwarded-Proto</code>.",
    ],
    commands: "curl -sS -o /dev/null -w '%{http_code} %{redirect_url}\\n' -X POST \\\n  \
               -H 'content-type: application/json' -d '{}' https://hooks.example.com/webhooks",
    retried: true,
    next: "",
    near: &[Outcome::HttpStatus],
};

const BLOCKED_ADDRESS: Words = Words {
    title: "Address not allowed",
    line: "The URL leads to an address or a port that may not be called.",
    meaning: "No byte was sent to the endpoint. Only addresses of the public internet are called: none that is \
              private, local or reserved (such as 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 127.0.0.0/8, \
              169.254.0.0/16, 100.64.0.0/10, and IPv6 outside 2000::/3). Of ports, 443 is called, and those from 1024 \
              up that no other service is known by: not 3306, 5432 or 6379, for example. The addresses of a name are \
              looked at whenever a connection is opened. If one of them is not allowed, none is called.",
    causes: &[
        "The name leads to an address inside your own network.",
        "One of the name’s A or AAAA records is a leftover that leads to a private address.",
        "The name is that of the machine Hookyard runs on, or <code>localhost</code>.",
        "The URL was saved under other rules: plain http, or another port.",
    ],
    remedies: &[
        "Look the name up from outside of your network. All its addresses must be public.",
        "Give the receiver a public address, or put a proxy with one in front of it.",
        "Delete records that lead to private addresses.",
        "Where a private address is meant, operators can allow its network: \
         <code>HOOKYARD_OUTBOUND__ALLOWED_NETWORKS</code>.",
    ],
    commands: "dig +short @1.1.1.1 hooks.example.com A\ndig +short @1.1.1.1 hooks.example.com AAAA",
    retried: true,
    next: "",
    near: &[Outcome::DnsError, Outcome::ConnectRefused],
};

const DNS_ERROR: Words = Words {
    title: "Name not found",
    line: "The host name of the URL could not be looked up.",
    meaning: "The name does not exist, has no address, has more than 32, or its name servers did not answer well \
              within 2 seconds (operators may have set another time). Nobody was called. Names are looked up anew for \
              every connection, so a mended record helps as soon as name servers know it.",
    causes: &[
        "The host is misspelt.",
        "The record was deleted, or was never made in the zone that the internet sees.",
        "The domain has expired.",
        "Its name servers are down, or DNSSEC is broken since keys or servers were changed.",
    ],
    remedies: &[
        "Compare the host in the endpoint’s <code>url</code> with your records, letter by letter.",
        "Make an A, AAAA or CNAME record for it. What was not there may be remembered for some hours.",
        "If <code>dig</code> says SERVFAIL and answers with <code>+cd</code>, mend DNSSEC: the DS record at the \
         registrar must fit the zone’s keys.",
        "If the name is found from everywhere but here, operators should look at the name servers of this \
         installation: <code>HOOKYARD_OUTBOUND__DNS_SERVERS</code>.",
    ],
    commands: "dig hooks.example.com A\ndig hooks.example.com AAAA\ndig +trace hooks.example.com\n\
               dig +cd hooks.example.com",
    retried: true,
    next: "",
    near: &[Outcome::BlockedAddress, Outcome::Timeout],
};

const CONNECT_REFUSED: Words = Words {
    title: "Connection refused",
    line: "Nobody listens at this address and port, or no way leads there.",
    meaning: "The name was found, and no connection to any of its addresses came about: the machine refused it, or \
              the network said at once that it cannot be reached. The endpoint has seen nothing of the event.",
    causes: &[
        "The server is not running, or is just being restarted.",
        "It listens on another port, or on 127.0.0.1 alone.",
        "A firewall turns us away.",
        "The name still leads to an old machine.",
    ],
    remedies: &[
        "Start the server, and see on its machine that it listens on a public address: <code>ss -ltn</code>.",
        "Compare the port in the endpoint’s <code>url</code> with that.",
        "Let the firewall take connections from this installation. Operators know the addresses it calls from.",
        "Compare the addresses that <code>dig</code> shows with those of the server.",
    ],
    commands: "curl -v --connect-timeout 3 https://hooks.example.com/webhooks\nnc -vz hooks.example.com 443\n\
               dig +short hooks.example.com",
    retried: true,
    next: "",
    near: &[Outcome::ConnectTimeout, Outcome::Reset],
};

const CONNECT_TIMEOUT: Words = Words {
    title: "No connection in time",
    line: "The server did not take the connection in time.",
    meaning: "The name was found, and no address of it took a TCP connection within 3 seconds (operators may have set \
              another time), or within the endpoint’s whole time where that is less. The endpoint has seen nothing of \
              the event.",
    causes: &[
        "A firewall drops our packets without a word. Often it lets only certain countries or addresses in.",
        "The machine is down, or the name leads to an address that nobody has any more.",
        "The server is so busy that it takes no new connections.",
    ],
    remedies: &[
        "Try the command from a machine outside of your network. If it connects, let the firewall take connections \
         from this installation too. Operators know the addresses it calls from.",
        "Compare the addresses that <code>dig</code> shows with those of the server.",
        "If it happens at busy hours only, set the endpoint’s <code>rate_limit</code>, or give the server more room.",
    ],
    commands: "curl -v --connect-timeout 3 https://hooks.example.com/webhooks\ndig +short hooks.example.com",
    retried: true,
    next: SLOW,
    near: &[Outcome::ConnectRefused, Outcome::Timeout],
};

const TLS_UNTRUSTED: Words = Words {
    title: "Certificate not trusted",
    line: "The certificate’s issuer is not trusted.",
    meaning: "The certificate that the server showed does not lead to an authority that is trusted here. Nothing of \
              the event was sent. Checks of certificates cannot be switched off.",
    causes: &[
        "The server sends its own certificate and not the intermediate ones. Browsers often find those by \
         themselves; programs do not.",
        "The certificate is self-signed, or of a company’s own authority.",
        "The name leads to a server that shows its default certificate.",
    ],
    remedies: &[
        "Let the server send the whole chain: the file that is mostly called <code>fullchain.pem</code> \
         (nginx: <code>ssl_certificate</code>; Apache: <code>SSLCertificateFile</code>). Then reload it.",
        "Install a certificate of a public authority. Let’s Encrypt gives them for free.",
        "Where an authority of your own is meant, operators can have it trusted: \
         <code>HOOKYARD_OUTBOUND__CA_FILE</code>.",
    ],
    commands: "openssl s_client -connect hooks.example.com:443 -servername hooks.example.com -showcerts </dev/null\n\
               curl -v https://hooks.example.com/webhooks",
    retried: true,
    next: "",
    near: &[Outcome::TlsNameMismatch, Outcome::TlsExpired],
};

const TLS_NAME_MISMATCH: Words = Words {
    title: "Certificate for another name",
    line: "The certificate does not name the host of the URL.",
    meaning: "The host must be among the names in the certificate’s <code>subjectAltName</code>; its common name is \
              not looked at. <code>*.example.com</code> stands for one label: it covers \
              <code>hooks.example.com</code>, and neither <code>example.com</code> nor \
              <code>a.hooks.example.com</code>. <code>error</code> says which names there are. Nothing of the event \
              was sent.",
    causes: &[
        "The certificate was made for <code>www.</code> or for the bare domain only.",
        "The server knows no such host and shows the certificate of another, or of the hosting company.",
        "The name leads to the wrong machine.",
        "The URL has an address where the certificate has a name.",
    ],
    remedies: &[
        "Get a certificate that names this host, and let the server show it for this host.",
        "Or use a host that the certificate names in the endpoint’s <code>url</code>.",
        "Compare the addresses that <code>dig</code> shows with those of the server.",
    ],
    commands: SHOW_CERTIFICATE,
    retried: true,
    next: "",
    near: &[Outcome::TlsUntrusted, Outcome::TlsExpired],
};

const TLS_EXPIRED: Words = Words {
    title: "Certificate expired",
    line: "The certificate is out of its dates.",
    meaning: "The certificate has expired, or is not valid yet: <code>error</code> says which. Nothing of the event \
              was sent.",
    causes: &[
        "It was not renewed. Often the renewal has failed for weeks without a sound.",
        "It was renewed and the server was not reloaded, so that it shows the old one.",
        "One of several servers behind the name still has the old one.",
        "It was made by a machine whose clock is fast.",
    ],
    remedies: &[
        "Renew it and reload the server: <code>certbot renew</code>, then <code>nginx -s reload</code>, for example.",
        "Run the command against each address of the name: <code>-connect ADDRESS:443</code>.",
        "If the dates are right, operators should look at the clock of this installation.",
    ],
    commands: SHOW_CERTIFICATE,
    retried: true,
    next: "",
    near: &[Outcome::TlsUntrusted, Outcome::TlsNameMismatch],
};

const TLS_PROTOCOL: Words = Words {
    title: "No common TLS version",
    line: "The server and we have no TLS version or cipher in common.",
    meaning: "We speak TLS 1.2 and 1.3, with ciphers that keep what was said secret even when a key is stolen later \
              (ECDHE with AES-GCM or ChaCha20). The server offers none of these, or broke the handshake off as if it \
              did. Nothing of the event was sent.",
    causes: &[
        "The server is old, and speaks nothing newer than TLS 1.0 or 1.1.",
        "Its list of ciphers has none of those.",
        "It knows no such host, or has no certificate for it.",
        "It asks for a client certificate. We have none.",
    ],
    remedies: &[
        "Turn on TLS 1.2 and 1.3 (nginx: <code>ssl_protocols TLSv1.2 TLSv1.3;</code>), with modern ciphers.",
        "See that the server, and a proxy in front of it, has a certificate for this host.",
        "Ask for no client certificate on this path: tell us by the secret or the signature.",
    ],
    commands: "openssl s_client -connect hooks.example.com:443 -servername hooks.example.com -tls1_2 </dev/null\n\
               openssl s_client -connect hooks.example.com:443 -servername hooks.example.com -tls1_3 </dev/null",
    retried: true,
    next: "",
    near: &[Outcome::TlsHandshake],
};

const TLS_HANDSHAKE: Words = Words {
    title: "TLS handshake failed",
    line: "The secure connection could not be set up.",
    meaning: "A TCP connection came about and the TLS handshake on it failed, for another reason than a certificate, \
              a version or a cipher. <code>error</code> says at what. Nothing of the event was taken.",
    causes: &[
        "The port speaks plain http, or another protocol.",
        "The server closes the connection: it knows no such host, or a firewall cuts it.",
        "It asks for a client certificate. We have none.",
    ],
    remedies: &[
        "Use the port that speaks https in the endpoint’s <code>url</code>. Mostly it is 443, which is left out.",
        "See that the server, and a proxy in front of it, is set up for this host.",
        "Ask for no client certificate on this path: tell us by the secret or the signature.",
    ],
    commands: "openssl s_client -connect hooks.example.com:443 -servername hooks.example.com </dev/null\n\
               curl -v http://hooks.example.com:443/",
    retried: true,
    next: "",
    near: &[Outcome::TlsProtocol, Outcome::Reset, Outcome::Timeout],
};

const TIMEOUT: Words = Words {
    title: "No answer in time",
    line: "The endpoint did not answer before the time was up.",
    meaning: "The time runs from the start of the attempt to the end of the response’s headers: looking up the name, \
              connecting, TLS and the answer together. The endpoint’s <code>timeout</code> sets it, else \
              <a href=\"/docs/outcomes#schedules\">its format</a>. A TLS handshake that takes more than 3 seconds \
              (operators may have set another time) ends so too. The endpoint may have done the work all the same.",
    causes: &[
        "The endpoint does its work before it answers: writes to slow systems, calls others, sends mail.",
        "It is overloaded, or its database is.",
        "It sleeps when unused, and takes long to wake.",
        "A proxy holds the answer back.",
    ],
    remedies: &[
        "Let the endpoint check the event, store it, answer, and do the work afterwards from a queue of its own.",
        "See which of the attempt’s <code>timings</code> took the time: <code>first_byte</code> is the application.",
        "Tell repeats by the event id: it may see this event again.",
        "If it cannot be faster, give it a longer <code>timeout</code>, up to 30 seconds, or a <code>rate_limit</code>.",
    ],
    commands: "curl -sS -o /dev/null -X POST -H 'content-type: application/json' -d '{}' \\\n  \
               -w 'name %{time_namelookup}  connect %{time_connect}  tls %{time_appconnect}  answer \
               %{time_starttransfer}\\n' \\\n  https://hooks.example.com/webhooks",
    retried: true,
    next: SLOW,
    near: &[Outcome::ConnectTimeout, Outcome::Reset],
};

const RESET: Words = Words {
    title: "Connection broken off",
    line: "The connection ended after the request began and before an answer.",
    meaning: "The connection stood, the request was on its way, and the other side closed it without an answer. The \
              endpoint may have seen the event. Hookyard repeats a request at once only when nothing of it was \
              written, so this one was not repeated.",
    causes: &[
        "The application crashed at this request, ran out of memory, or was restarted.",
        "A proxy or a firewall cut the connection: a limit, or content that it takes for an attack.",
        "The server closes unused connections early, and closed this one as the request came. Node.js does so after \
         5 seconds unless told otherwise.",
    ],
    remedies: &[
        "Look for a crash, a restart or a killed process in the receiver’s log at the time of the attempt.",
        "Look into the log of the proxy or firewall in front of it.",
        "Let the server keep unused connections for longer than we do, which is 30 seconds unless operators have set \
         another time (Node.js: <code>server.keepAliveTimeout = 35000</code>; nginx: \
         <code>keepalive_timeout 35s;</code>).",
        "Tell repeats by the event id: it may see this event again.",
    ],
    commands: "curl -v -X POST -H 'content-type: application/json' -d '{}' https://hooks.example.com/webhooks",
    retried: true,
    next: "",
    near: &[
        Outcome::Timeout,
        Outcome::InvalidResponse,
        Outcome::TlsHandshake,
    ],
};

const INVALID_RESPONSE: Words = Words {
    title: "Answer not understood",
    line: "What came back is not HTTP, or breaks its limits.",
    meaning: "The endpoint sent something that is no valid HTTP response, a status outside 200 to 599, more than 100 \
              headers, or headers of more than 32 KiB. It may have done the work all the same.",
    causes: &[
        "The port belongs to another service than a web server.",
        "The application, or a script that answers by hand, writes broken headers or a status of its own invention.",
        "It sets very many cookies, or a very long policy.",
        "A proxy in front of it breaks HTTP/2.",
    ],
    remedies: &[
        "See what is answered with HTTP/1.1 and with HTTP/2. We offer both and the server chooses.",
        "If only HTTP/2 is broken, mend or update the proxy, or switch HTTP/2 off for this host.",
        "Let the path answer with few headers and a usual status: 200 and no body is best.",
    ],
    commands: "curl -v --http1.1 -X POST -H 'content-type: application/json' -d '{}' https://hooks.example.com/webhooks\n\
               curl -v --http2 -X POST -H 'content-type: application/json' -d '{}' https://hooks.example.com/webhooks",
    retried: true,
    next: "",
    near: &[Outcome::Reset, Outcome::HttpStatus],
};

const UNKNOWN: Words = Words {
    title: "Result not known",
    line: "Our worker was lost during the attempt.",
    meaning: "One of our processes made this attempt and ended, or lost the database, before it could write down what \
              came of it; or it failed during the attempt. The endpoint may have seen the event, and may have \
              acknowledged it. Little else is known of the attempt.",
    causes: &[
        "A worker was killed, ran out of memory, or its machine stopped.",
        "The database was away for longer than a result can wait.",
    ],
    remedies: &[
        "There is nothing to mend at the endpoint.",
        "Tell repeats by the event id: it may see this event again.",
        "Operators: look for what ended the worker, in the log of its process and of its machine.",
    ],
    commands: "",
    retried: true,
    next: "When the worker was lost, the next attempt does not wait for the schedule: it is made once the worker’s \
           claim has run out, which is 15 seconds more than the endpoint’s time for an attempt. The lost attempt \
           counts as one of the schedule’s, and not towards disabling the endpoint.",
    near: &[Outcome::Timeout, Outcome::Reset],
};

const CANCELLED: Words = Words {
    title: "Cancelled",
    line: "Stopped by a person before it began.",
    meaning: "Nothing was sent. The word is kept in the list for attempts that are stopped before they begin, and \
              none is logged today: a delivery that is cancelled while it waits gets no further attempt, its \
              <code>status</code> is <code>cancelled</code>, and its last outcome stays that of the attempt before.",
    causes: &[
        "Somebody cancelled the delivery while it waited: <code>POST \
         /v1/merchants/{merchant_id}/deliveries/{delivery_id}/cancel</code>.",
        "Its endpoint or its merchant was deleted, or the app that the endpoint belongs to was removed.",
    ],
    remedies: &[
        "If it should be sent after all, retry it: <code>POST \
         /v1/merchants/{merchant_id}/deliveries/{delivery_id}/retry</code>. Its endpoint must be there and enabled.",
        "The audit log says who cancelled it.",
    ],
    commands: "",
    retried: false,
    next: "No. A retry by hand is one attempt.",
    near: &[Outcome::Unknown],
};

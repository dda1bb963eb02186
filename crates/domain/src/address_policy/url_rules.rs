//! The rules a URL must keep to be saved, in the order they are told: first what the text may not
//! hold, then the host, then the port.
//!
//! The text is checked before it is parsed, because the parser of the `url` crate forgives what
//! other programs read differently (tabs, backslashes, one slash, user names, odd digits).

use std::net::IpAddr;

use url::{Host, Url};

use super::{AddressPolicy, EndpointUrl, MAX_URL_LEN, UrlProblem, UrlProblemCode, blocks};

/// Last labels of names that are not of the public internet.
/// Source: RFC 6761 and 6762, ICANN's reserved names, and what clusters use inside.
const SPECIAL_NAMES: [&str; 14] = [
    "arpa",
    "consul",
    "corp",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
    "svc",
];

/// Full stops of other scripts, which IDNA reads as dots.
const FOREIGN_DOTS: [char; 3] = ['\u{3002}', '\u{ff0e}', '\u{ff61}'];

fn problem(code: UrlProblemCode, detail: impl Into<String>) -> UrlProblem {
    UrlProblem {
        code,
        detail: detail.into(),
    }
}

/// See [`AddressPolicy::check_url`].
pub(super) fn check(policy: &AddressPolicy, text: &str) -> Result<EndpointUrl, UrlProblem> {
    let authority = check_text(policy, text)?;
    let url = Url::parse(text).map_err(parse_problem)?;
    if url.fragment().is_some() {
        return Err(problem(
            UrlProblemCode::Fragment,
            "Leave out the part from '#' on: it is never sent.",
        ));
    }
    let any_port = check_host(policy, &url, host_of(authority))?;
    if !any_port && !policy.port_may_be_called(url.port_or_known_default().unwrap_or_default()) {
        return Err(problem(
            UrlProblemCode::Port,
            "Use port 443, or one from 1024 up that no other service is known by.",
        ));
    }
    let text = String::from(url);
    if text.len() > MAX_URL_LEN {
        return Err(too_long());
    }
    if !text.bytes().all(is_request_target_byte) {
        return Err(problem(
            UrlProblemCode::Syntax,
            "Percent-encode the unusual characters of the path.",
        ));
    }
    Ok(EndpointUrl(text))
}

/// The rules of the text before it is parsed; gives the authority.
fn check_text<'t>(policy: &AddressPolicy, text: &'t str) -> Result<&'t str, UrlProblem> {
    if text.len() > MAX_URL_LEN {
        return Err(too_long());
    }
    if text
        .bytes()
        .any(|byte| byte <= b' ' || byte == 0x7f || byte == b'\\')
    {
        return Err(problem(
            UrlProblemCode::ControlCharacter,
            "A URL holds no spaces, line breaks, control characters or backslashes; percent-encode them.",
        ));
    }
    let rest = strip_scheme(policy, text)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(problem(
            UrlProblemCode::Userinfo,
            "Leave out the user name and password before the host; use a header instead.",
        ));
    }
    if authority.contains('%') || authority.contains(FOREIGN_DOTS) {
        return Err(problem(
            UrlProblemCode::AmbiguousAddress,
            "Write the host plainly: no percent signs, and '.' between its parts.",
        ));
    }
    Ok(authority)
}

fn strip_scheme<'t>(policy: &AddressPolicy, text: &'t str) -> Result<&'t str, UrlProblem> {
    let strip = |scheme: &str| {
        let (head, rest) = text.split_at_checked(scheme.len())?;
        (head.eq_ignore_ascii_case(scheme) && !rest.starts_with('/')).then_some(rest)
    };
    let plain = || policy.allow_http.then(|| strip("http://")).flatten();
    strip("https://").or_else(plain).ok_or_else(|| {
        problem(
            UrlProblemCode::Scheme,
            "Begin with https:// and the host, as in https://example.com/hook.",
        )
    })
}

/// The host as it was typed.
fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => host,
        _ => authority,
    }
}

fn parse_problem(error: url::ParseError) -> UrlProblem {
    use url::ParseError::{IdnaError, InvalidIpv4Address, InvalidIpv6Address, InvalidPort};
    match error {
        InvalidPort => problem(UrlProblemCode::Port, "A port is a number from 1 to 65535."),
        InvalidIpv4Address => problem(
            UrlProblemCode::AmbiguousAddress,
            "An IPv4 address is four numbers from 0 to 255 with dots between.",
        ),
        InvalidIpv6Address => problem(UrlProblemCode::Syntax, "This is no IPv6 address."),
        IdnaError => problem(
            UrlProblemCode::Syntax,
            "The host is not a valid internationalised name.",
        ),
        _ => problem(UrlProblemCode::Syntax, format!("This is no URL: {error}.")),
    }
}

fn too_long() -> UrlProblem {
    problem(
        UrlProblemCode::TooLong,
        format!("A URL has at most {MAX_URL_LEN} bytes once it is percent-encoded."),
    )
}

/// Checks the host. Says whether any port is free to it, because an allowed network holds it.
fn check_host(policy: &AddressPolicy, url: &Url, typed: &str) -> Result<bool, UrlProblem> {
    match url.host() {
        Some(Host::Ipv4(ip)) if typed != ip.to_string() => Err(problem(
            UrlProblemCode::AmbiguousAddress,
            "Write an IPv4 address as four decimal numbers without leading zeros, as in 203.0.113.7.",
        )),
        Some(Host::Ipv4(ip)) => check_literal(policy, IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => check_literal(policy, IpAddr::V6(ip)),
        Some(Host::Domain(name)) => check_name(policy, name, typed),
        None => Err(problem(UrlProblemCode::Syntax, "The URL has no host.")),
    }
}

fn check_literal(policy: &AddressPolicy, ip: IpAddr) -> Result<bool, UrlProblem> {
    let allowed = policy.is_allowed_network(ip);
    if allowed || blocks::is_global(ip) {
        return Ok(allowed);
    }
    Err(problem(
        UrlProblemCode::ForbiddenAddress,
        "Only addresses of the public internet can be called; use the receiver's public name.",
    ))
}

fn check_name(policy: &AddressPolicy, name: &str, typed: &str) -> Result<bool, UrlProblem> {
    if !typed.is_ascii() && !name.split('.').any(|label| label.starts_with("xn--")) {
        return Err(problem(
            UrlProblemCode::AmbiguousAddress,
            format!("Write the host as it is read: {name}."),
        ));
    }
    if name == "localhost" && !policy.localhost_addresses().is_empty() {
        return Ok(true);
    }
    if policy
        .self_hosts
        .iter()
        .any(|own| own.eq_ignore_ascii_case(name))
    {
        return Err(problem(
            UrlProblemCode::SelfUrl,
            "This is our own address; an endpoint is your receiver's.",
        ));
    }
    let last = name
        .trim_end_matches('.')
        .rsplit('.')
        .next()
        .unwrap_or_default();
    if SPECIAL_NAMES.contains(&last) {
        return Err(problem(
            UrlProblemCode::SpecialName,
            format!(
                "Names that end in '{last}' are not of the public internet; use the receiver's public name."
            ),
        ));
    }
    check_labels(name).map(|()| false)
}

fn check_labels(name: &str) -> Result<(), UrlProblem> {
    if name.ends_with('.') {
        return Err(problem(
            UrlProblemCode::Syntax,
            "Leave out the dot at the end of the host.",
        ));
    }
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(is_name_byte);
    if name.len() > 253 || !name.split('.').all(is_label) {
        return Err(problem(
            UrlProblemCode::Syntax,
            "A host is made of letters, digits and hyphens, at most 63 between two dots.",
        ));
    }
    if !name.contains('.') {
        return Err(problem(
            UrlProblemCode::SingleLabel,
            format!(
                "'{name}' is a name inside a network; use a public name with a dot, as in {name}.example.com."
            ),
        ));
    }
    Ok(())
}

/// Whether an HTTP library takes this byte in a request target. Source: RFC 3986, and the
/// characters `http::Uri` adds to it; the parser has percent-encoded what is not ASCII.
const fn is_request_target_byte(byte: u8) -> bool {
    matches!(byte, b'!' | b'$'..=b';' | b'=' | b'?'..=b'_' | b'a'..=b'~')
}

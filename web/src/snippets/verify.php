<?php
// Verifies requests to {{url}}
// Give it the body as it came: file_get_contents('php://input').

const TOLERANCE = 5 * 60; // seconds

/** $headers: names in lower case. $signingSecret: whsec_... */
function verify(array $headers, string $body, string $signingSecret, string $secret = ''): bool
{
    $id = $headers['webhook-id'] ?? '';
    $timestamp = $headers['webhook-timestamp'] ?? '';
    if (!ctype_digit($timestamp) || abs(time() - (int) $timestamp) > TOLERANCE) {
        return false;
    }
    // plain:begin
    if (!hash_equals($secret, $headers['{{plain_header}}'] ?? '')) {
        return false;
    }
    // plain:end
    $key = base64_decode(preg_replace('/^whsec_/', '', $signingSecret));
    $digest = hash_hmac('sha256', "$id.$timestamp.$body", $key, true);
    $expected = 'v1,' . base64_encode($digest);
    foreach (explode(' ', $headers['webhook-signature'] ?? '') as $given) {
        if (hash_equals($expected, $given)) {
            return true;
        }
    }
    return false;
}

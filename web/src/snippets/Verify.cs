// Verifies requests to {{url}}
// Give it the body as it came, before any JSON parser: read Request.Body to its end.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Text;

public static class Webhooks
{
    private const long Tolerance = 5 * 60; // seconds

    /// <summary>headers: names in lower case. signingSecret: whsec_...</summary>
    public static bool Verify(
        IDictionary<string, string> headers, byte[] body, string signingSecret, string secret)
    {
        string Header(string name) => headers.TryGetValue(name, out var value) ? value : "";
        var id = Header("webhook-id");
        var timestamp = Header("webhook-timestamp");
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        if (!long.TryParse(timestamp, out var sent) || Math.Abs(now - sent) > Tolerance) return false;
        // plain:begin
        if (!Same(Header("{{plain_header}}"), secret)) return false;
        // plain:end
        var encoded = signingSecret.StartsWith("whsec_") ? signingSecret.Substring(6) : signingSecret;
        using var hmac = new HMACSHA256(Convert.FromBase64String(encoded));
        var signed = Encoding.UTF8.GetBytes($"{id}.{timestamp}.").Concat(body).ToArray();
        var expected = "v1," + Convert.ToBase64String(hmac.ComputeHash(signed));
        return Header("webhook-signature").Split(' ').Any(given => Same(given, expected));
    }

    private static bool Same(string one, string other) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(one), Encoding.UTF8.GetBytes(other));
}

# Verifies requests to {{url}}
# Give it the body as it came, before any JSON parser: request.body.read in Rack, for one.
require "openssl"

TOLERANCE = 5 * 60 # seconds

# headers: names in lower case. signing_secret: whsec_...
def verify(headers, body, signing_secret, secret = "")
  id = headers.fetch("webhook-id", "")
  timestamp = headers.fetch("webhook-timestamp", "")
  return false unless timestamp.match?(/\A\d+\z/) && (Time.now.to_i - timestamp.to_i).abs <= TOLERANCE
  # plain:begin
  return false unless same?(headers.fetch("{{plain_header}}", ""), secret)
  # plain:end
  key = signing_secret.delete_prefix("whsec_").unpack1("m")
  digest = OpenSSL::HMAC.digest("SHA256", key, "#{id}.#{timestamp}.".b + body.b)
  expected = "v1,#{[digest].pack('m0')}"
  headers.fetch("webhook-signature", "").split(" ").any? { |given| same?(given, expected) }
end

def same?(one, other)
  one.bytesize == other.bytesize && OpenSSL.fixed_length_secure_compare(one, other)
end

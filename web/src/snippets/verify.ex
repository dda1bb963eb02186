# Verifies requests to {{url}}
# Give it the body as it came, before any JSON parser: a :body_reader of Plug.Parsers, for one.
defmodule Webhooks do
  @tolerance 5 * 60

  # headers: a map with names in lower case. signing_secret: whsec_...
  def verify?(headers, body, signing_secret, secret \\ "") do
    id = Map.get(headers, "webhook-id", "")
    timestamp = Map.get(headers, "webhook-timestamp", "")
    key = signing_secret |> String.replace_prefix("whsec_", "") |> Base.decode64!()
    signature = :crypto.mac(:hmac, :sha256, key, [id, ".", timestamp, ".", body])
    expected = "v1," <> Base.encode64(signature)
    given = headers |> Map.get("webhook-signature", "") |> String.split(" ")

    # plain:begin
    same?(Map.get(headers, "{{plain_header}}", ""), secret) and
    # plain:end
    fresh?(timestamp) and Enum.any?(given, &same?(&1, expected))
  end

  defp fresh?(timestamp) do
    case Integer.parse(timestamp) do
      {sent, ""} -> abs(System.system_time(:second) - sent) <= @tolerance
      _ -> false
    end
  end

  # The hashes are compared, so that the time it takes tells nothing.
  defp same?(one, other), do: :crypto.hash(:sha256, one) == :crypto.hash(:sha256, other)
end

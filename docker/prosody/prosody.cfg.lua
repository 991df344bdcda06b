-- Prosody for docker/compose.yaml: one host, one component, no encryption, not for the Internet.
data_path = "/var/lib/prosody"
plugin_paths = { "/usr/lib/prosody/modules" }
interfaces = { "*" }
component_interfaces = { "*" }
log = { { levels = { min = "info" }, to = "console" } }

modules_enabled = {
  "roster"; "saslauth"; "disco"; "ping"; "version"; "time"; "carbons"; "pep"; "private";
  "blocklist"; "vcard4"; "vcard_legacy"; "smacks"; "offline"; "privilege";
}
modules_disabled = { "s2s"; "tls" }
authentication = "internal_plain"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true

VirtualHost "localhost"
  privileged_entities = { ["icq.localhost"] = { roster = "both"; message = "outgoing" } }
  disco_items = { { "icq.localhost", "ICQ" } }

Component "icq.localhost"
  component_secret = "only-for-trying-out"
  modules_enabled = { "privilege" }

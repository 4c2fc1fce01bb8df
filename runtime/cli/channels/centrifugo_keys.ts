/**
 * What the keys of Centrifugo are called here: the nearest of our keys is most often not the one that is meant.
 *
 * In: an unknown key, and the table in which it stands. Out: the hint for it; undefined: it is none of them.
 */

/** Where ours stands. */
type Place =
  | "[channels]"
  | "[channels] or a namespace"
  | "[channels.api]"
  | "[channels.proxy]"
  | "[channels.token]";

/** Their names, as patterns, and ours. */
const RENAMED: readonly (readonly [theirs: RegExp, ours: string, place: Place])[] = [
  [
    /^proxy_(connect|refresh|subscribe|publish|sub_refresh|rpc)_endpoint$/,
    "$1_endpoint",
    "[channels.proxy]",
  ],
  [
    /^proxy_(?:connect|refresh|subscribe|publish|sub_refresh|rpc)_timeout$/,
    "timeout",
    "[channels.proxy]",
  ],
  [/^proxy_(http_headers|include_connection_meta)$/, "$1", "[channels.proxy]"],
  [/^proxy_(subscribe|publish|sub_refresh)$/, "$1_proxy_enabled", "[channels] or a namespace"],
  [/^(?:token_)?hmac_secret_key$/, "hmac_secret_key_file", "[channels.token]"],
  [/^(?:token_)?(?:rsa|ecdsa)_public_key$/, "public_key_files", "[channels.token]"],
  [/^token_(jwks_public_endpoint|audience|issuer)$/, "$1", "[channels.token]"],
  [/^api_key$/, "key_file", "[channels.api]"],
  [/^(allow_anonymous_connect_without_token)$/, "$1", "[channels]"],
];

/** Their sections at the top of the file, and ours. */
const SECTIONS: ReadonlyMap<string, string> = new Map([
  ["channel", "[channels] and [channels.namespaces.NAME]"],
  ["client", "[channels], [channels.token] and options such as origin and max-channels"],
  ["http_api", "[channels.api]"],
  ["http_server", "the options ip, port, tls-cert and tls-key"],
  ["namespaces", "[channels.namespaces.NAME]"],
  ["without_namespace", "[channels]"],
]);

/** The hint. @param table its name; empty: the top of the file */
export function centrifugoHint(key: string, table: string): string | undefined {
  const section = table === "" || table === "channels" ? SECTIONS.get(key) : undefined;
  if (section !== undefined) {
    return `use ${section} in place of Centrifugo's section: see docs/channels/centrifugo.md`;
  }
  for (const [theirs, name, place] of RENAMED) {
    if (!theirs.test(key)) continue;
    const ours = key.replace(theirs, name);
    return isThere(table, place) ? `did you mean ${ours}?` : `did you mean ${ours} of ${place}?`;
  }
  return undefined;
}

function isThere(table: string, place: Place): boolean {
  if (place === "[channels] or a namespace") {
    return table === "channels" || table.startsWith("channels.namespaces.");
  }
  return place === `[${table}]`;
}

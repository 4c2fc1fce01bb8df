/**
 * What the keys of Centrifugo 5 about its proxy are called here: the nearest of our keys is most often not the one that is meant.
 *
 * In: an unknown key, and the table in which it stands. Out: the hint for it; undefined: it is none of them.
 */

/** Where ours stands. */
type Place = "[channels.proxy]" | "[channels] or a namespace";

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
];

/** The hint. @param table its name; empty: the top of the file */
export function centrifugoHint(key: string, table: string): string | undefined {
  for (const [theirs, name, place] of RENAMED) {
    if (!theirs.test(key)) continue;
    const ours = key.replace(theirs, name);
    return isThere(table, place) ? `did you mean ${ours}?` : `did you mean ${ours} of ${place}?`;
  }
  return undefined;
}

function isThere(table: string, place: Place): boolean {
  if (place === "[channels.proxy]") return table === "channels.proxy";
  return table === "channels" || table.startsWith("channels.namespaces.");
}

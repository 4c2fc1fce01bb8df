/**
 * What a page of ours is sent with: what it may do, which is little, and that it tells nobody where one was.
 *
 * In: what the page needs of styles beside its own sheets. Out: fields. There is no HTML sink in any page:
 * trusted types are demanded, and no policy may be made.
 */

import type { Asset } from "./asset_collection.ts";

/**
 * Scripts, styles, images and requests of this server alone, sockets among them: 'self' in connect-src covers
 * ws: and wss: to the same host (CSP level 3; in all browsers since 2022).
 *
 * @param styles directives in place of `style-src 'self'`
 */
export function pageFields(...styles: readonly string[]): Asset["fields"] {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    ...(styles.length > 0 ? styles : ["style-src 'self'"]),
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
  return [["Content-Security-Policy", policy], ["Referrer-Policy", "no-referrer"]];
}

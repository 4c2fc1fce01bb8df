/**
 * The security fields of our own pages: Content-Security-Policy and Referrer-Policy.
 *
 * In: the style directives that a page needs, if not the default. Out: fields. No page uses an HTML sink, so
 * the policy requires Trusted Types and allows no Trusted Types policy to be created.
 */

import type { Asset } from "./asset_collection.ts";

/**
 * Allows scripts, styles, images and requests of this server only. WebSockets too: 'self' in connect-src
 * covers ws: and wss: to the same host (CSP level 3; in all browsers since 2022).
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

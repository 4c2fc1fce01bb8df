/**
 * `OPTIONS *`: a request about the server as a whole (RFC 9110 section 9.3.7).
 *
 * In: a request whose method is OPTIONS: the protocol allows this target for no other method. Out: 204
 * without Allow, as that field describes one resource.
 */

import { LogLabel } from "../../observe/log/mod.ts";
import type { Route } from "../session/mod.ts";

/** The path of the asterisk-form target. */
export const ASTERISK = "*";

const NOTHING = new Uint8Array(0);

/** The route of {@link ASTERISK}. */
export function asteriskRoute(): Route {
  return {
    label: new LogLabel("* (server)"),
    methods: ["OPTIONS"],
    wantsBody: false,
    webSocket: null,
    handle: (exchange) =>
      exchange.respond({ status: 204, fields: [], contentLength: 0 }, NOTHING, 0, 0),
  };
}

/**
 * The ways in which the server can implement TLS here: tests of TLS run over each of them.
 *
 * In: the machine, and the transport of the whole suite. Out: values of `--tls`.
 */

import { opensslProblem } from "../../runtime/tls/mod.ts";
import { OVER_DENO_TRANSPORT } from "./suite_transport.ts";

/** A value of `--tls`. */
export type TlsWay = "openssl" | "deno";

/** Why OpenSSL cannot be tested: appended to the names of its tests; "" if it can. */
export const NO_LIBSSL: string = OVER_DENO_TRANSPORT
  ? " (skipped: over Deno's sockets, Deno implements TLS)"
  : opensslProblem() === undefined
  ? ""
  : " (skipped, to install it: apt-get install libssl3)";

/** All ways. */
export const TLS_WAYS: readonly TlsWay[] = NO_LIBSSL === "" ? ["openssl", "deno"] : ["deno"];

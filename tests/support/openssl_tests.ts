/**
 * Tests against servers that speak TLS by OpenSSL, with a certificate of their own.
 *
 * In: names, and what to do with the server or the authority. Out: registered tests, skipped if openssl or the
 * library is not installed.
 */

import { Authority, OPENSSL, tlsArguments } from "./certificates.ts";
import { type Server, withServer } from "./server.ts";
import { NO_LIBSSL } from "./tls_ways.ts";

/** Why such tests cannot run: appended to their names. */
export const NO_OPENSSL_TESTS: string = OPENSSL === undefined
  ? " (skipped, to install it: apt-get install openssl)"
  : NO_LIBSSL;

/** Registers a test that makes its own certificates. */
export function authorityTest(name: string, run: (authority: Authority) => Promise<void>): void {
  Deno.test({
    name: `openssl: ${name}${NO_OPENSSL_TESTS}`,
    ignore: NO_OPENSSL_TESTS !== "",
    fn: async () => {
      await using authority = await Authority.make();
      await run(authority);
    },
  });
}

/** Registers a test of a server with four workers and the certificate "one". */
export function opensslTest(
  name: string,
  run: (server: Server, authority: Authority) => Promise<void>,
  args: readonly string[] = [],
): void {
  authorityTest(name, async (authority) => {
    const own = [...tlsArguments(await authority.sign("one")), "--tls", "openssl"];
    await withServer({ workers: 4, args: [...own, ...args] }, (server) => run(server, authority));
  });
}

/** The endpoint of a server whose certificate the client verifies. */
export function endpointOf(server: Server, authority: Authority) {
  return { hostname: server.hostname, port: server.port, ca: authority.pem };
}

/**
 * A server with an admin server.
 *
 * In: the options of a server. Out: the same server with an admin server on a free port, and the admin URL.
 */

import { type Server, type ServerOptions, waitFor, withServer } from "./server.ts";

/** Runs `body` with a server that has an admin server; `adminUrl` ends without a slash. */
export function withAdmin(
  options: ServerOptions,
  body: (server: Server, adminUrl: string) => Promise<void>,
): Promise<void> {
  const args = ["--admin", "127.0.0.1:0", ...(options.args ?? [])];
  return withServer({ ...options, args }, async (server) => {
    const url = await waitFor(() => /^Admin: (http:\S+)\/$/m.exec(server.stdout)?.[1], {
      what: () => `the address of the admin server in ${server.stdout}`,
    });
    await body(server, url);
  });
}

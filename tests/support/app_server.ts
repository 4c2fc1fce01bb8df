/**
 * A real server with one of the apps in support/apps.
 *
 * In: the app's name. Out: the server, while `body` runs.
 */

import { REPOSITORY, type Server, withServer } from "./server.ts";

/** The file of an app of the tests. */
export function appFile(name: string): string {
  return new URL(`tests/support/apps/${name}`, REPOSITORY).pathname;
}

/** Serves with an app while `body` runs. */
export async function withApp(
  name: string,
  body: (server: Server) => Promise<void>,
  args: readonly string[] = [],
): Promise<void> {
  await withServer({ workers: 1, args: ["--app", appFile(name), ...args] }, body);
}

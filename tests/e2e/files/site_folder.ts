/**
 * Folders to serve, made for one test and taken away behind it.
 *
 * In: what is to lie there. Out: a temporary folder, and the server that serves it. Around the served
 * folder lies what must never come out of it.
 */

import { type Server, type ServerOptions, withServer } from "../../support/server.ts";

/** A folder to serve. */
export interface SiteFolder {
  /** The path of what is around it. */
  readonly base: string;
  /** The path of the folder itself, `BASE/site`. */
  readonly root: string;
}

/** Makes a folder, fills it, and serves it while `body` runs. */
export async function withSite(
  fill: (site: SiteFolder) => Promise<void>,
  options: Omit<ServerOptions, "workers">,
  body: (server: Server, site: SiteFolder) => Promise<void>,
): Promise<void> {
  const base = await Deno.realPath(await Deno.makeTempDir({ prefix: "async-deno-test-" }));
  const site = { base, root: `${base}/site` };
  try {
    await Deno.mkdir(site.root);
    await fill(site);
    const args = ["--root", site.root, ...(options.args ?? [])];
    await withServer({ ...options, workers: 2, args }, (server) => body(server, site));
  } finally {
    await Deno.remove(base, { recursive: true });
  }
}

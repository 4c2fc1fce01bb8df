/**
 * A folder of files in a temporary place, and a server that serves it with `--root`.
 *
 * In: contents by path, further arguments. Out: both, for a test's body; both are removed afterwards. What
 * a table of contents cannot express (links, FIFOs, times) the body creates in `folder`.
 */

import { type Server, withServer } from "./server.ts";

/** Contents by path relative to the folder. */
export type SiteFiles = Readonly<Record<string, string | Uint8Array>>;

/** How a site is served. */
export interface SiteOptions {
  /** The files that exist before the server starts. */
  readonly files?: SiteFiles;
  /** Arguments after `--root`. */
  readonly args?: readonly string[];
  /** Worker threads; by default 1, so that all requests use one cache. */
  readonly workers?: number;
  /** A program that executes the server, as in ServerOptions. */
  readonly through?: readonly [program: string, ...args: string[]];
}

/** A served site. */
export interface Site {
  readonly server: Server;
  /** The served folder. */
  readonly folder: string;
  /** The parent of the served folder: for files that must not be served. */
  readonly top: string;
}

/** Serves a folder for `body`. */
export async function withSite(
  options: SiteOptions,
  body: (site: Site) => Promise<void>,
): Promise<void> {
  const top = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  const folder = `${top}/site`;
  try {
    await Deno.mkdir(folder);
    for (const [path, content] of Object.entries(options.files ?? {})) {
      await putFile(`${folder}/${path}`, content);
    }
    const args = ["--root", folder, ...(options.args ?? [])];
    const through = options.through === undefined ? {} : { through: options.through };
    await withServer({ workers: options.workers ?? 1, args, ...through }, (server) => {
      return body({ server, folder, top });
    });
  } finally {
    await Deno.remove(top, { recursive: true });
  }
}

/** Writes a file, and the folders above it. */
export async function putFile(path: string, content: string | Uint8Array): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeFile(
    path,
    typeof content === "string" ? new TextEncoder().encode(content) : content,
  );
}

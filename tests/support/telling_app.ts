/**
 * A server with an app whose text a test gives, and what the app tells the test.
 *
 * In: the text of a module, which may call `tell(text)`. Out: the running server, its metrics, and all that was told, in order. What the
 * server warns of is no failure here: the app misbehaves on purpose.
 */

import { withAdmin } from "./admin.ts";
import { Metrics } from "./metrics.ts";
import { type Server, waitFor } from "./server.ts";

/** The options of {@link withApp}. */
export interface TellingAppOptions {
  readonly workers?: number;
  readonly args?: readonly string[];
  /** The file of the log, or "off"; default: one of its own. */
  readonly log?: string;
  /** Puts something beside the app. */
  prepare?(folder: string): Promise<void>;
}

/** A server with an app. */
export class TellingApp {
  /** What the app has told, in order. */
  readonly told: string[] = [];
  readonly server: Server;
  readonly #adminUrl: string;

  constructor(server: Server, adminUrl: string, told: string[]) {
    this.server = server;
    this.#adminUrl = adminUrl;
    this.told = told;
  }

  /** GET, on a connection of its own: `status text`. */
  async get(path: string): Promise<string> {
    using client = Deno.createHttpClient({});
    const response = await fetch(this.server.url + path, { client });
    return `${response.status} ${(await response.text()).trim()}`;
  }

  metrics(): Promise<Metrics> {
    return Metrics.of(this.#adminUrl);
  }

  /** Waits until the app has told something like this, so often. */
  async waitForTold(pattern: RegExp, count = 1): Promise<void> {
    await waitFor(() => this.told.filter((text) => pattern.test(text)).length >= count, {
      what: () => `${count} × ${pattern} among ${JSON.stringify(this.told)}\n${this.server.stderr}`,
    });
  }

  /** Waits until standard error has something like this. */
  async waitForWarning(pattern: RegExp): Promise<void> {
    await waitFor(() => pattern.test(this.server.stderr), {
      what: () => `${pattern} in ${this.server.stderr}`,
    });
  }
}

/** Runs `body` with a server with this app, and stops it; its exit code must be 0. */
export async function withApp(
  app: string,
  { workers = 1, args = [], log, prepare }: TellingAppOptions,
  body: (server: TellingApp) => Promise<void>,
): Promise<void> {
  const told: string[] = [];
  await using listener = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      told.push(await request.text());
      return new Response("");
    },
  );
  const folder = await Deno.makeTempDir({ prefix: "async-deno-app-" });
  try {
    const file = `${folder}/app.js`;
    await prepare?.(folder);
    await Deno.writeTextFile(file, app + tellTo(listener.addr.port));
    await withAdmin(
      {
        workers,
        args: ["--app", file, "--app-allow", "net", ...args],
        ...(log === undefined ? {} : { log }),
      },
      async (server, adminUrl) => {
        await body(new TellingApp(server, adminUrl, told));
        const { code, stderr } = await server.stop();
        if (code !== 0) throw new Error(`ended with ${code}: ${stderr}`);
      },
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** After the app, so that its line numbers stay. */
function tellTo(port: number): string {
  return `
async function tell(text) {
  await (await fetch("http://127.0.0.1:${port}/", { method: "POST", body: text })).text();
}
`;
}

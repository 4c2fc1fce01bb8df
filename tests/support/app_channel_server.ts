/**
 * A real server whose app decides about the clients of channels: the executable, if the tests are run with one; otherwise the server is in
 * the process of the test, which costs less.
 *
 * In: the app's file. Out: a server on a free port, its warnings, and clients of it. Without the app nobody may connect; the namespace
 * `chat` is open, `closed` is not.
 */

import { APP } from "../../runtime/config/mod.ts";
import { ChannelClients } from "./channel_clients.ts";
import { ChannelServer, OPEN_CHANNELS } from "./channel_server.ts";
import { type Server, startServer } from "./server.ts";

/** How it is started. */
export interface AppChannelOptions {
  /** Default: 2. */
  readonly workers?: number;
  /** Milliseconds that a function may take; default: that of the server. */
  readonly timeout?: number;
}

/** The server. */
export type AppChannelServer = ChannelClients & AsyncDisposable & {
  /** What the server warned of. */
  readonly warnings: readonly string[];
};

const OPTIONS = ["subscribe", "publish", "history", "presence"].flatMap((action) =>
  ["client", "anonymous"].map((who) => `allow_${action}_for_${who} = true`)
);
const CONFIG = `
[channels.namespaces.closed]
[channels.namespaces.chat]
presence = true
history_size = 1000
history_ttl = "10m"
allow_recovery = true
${OPTIONS.join("\n")}
`;

/** Starts one. */
export async function startWithHooks(
  file: string,
  { workers = 2, timeout = APP.timeout }: AppChannelOptions = {},
): Promise<AppChannelServer> {
  if (Deno.env.has("ASYNC_DENO_EXECUTABLE")) return await Executable.start(file, workers, timeout);
  const channels = { ...OPEN_CHANNELS, allowAnonymousConnect: false };
  return await ChannelServer.start(channels, { workers, app: { ...APP, file, timeout } });
}

class Executable extends ChannelClients implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    super(server.port);
    this.#server = server;
  }

  static async start(file: string, workers: number, timeout: number): Promise<Executable> {
    const config = await Deno.makeTempFile({ suffix: ".toml" });
    try {
      await Deno.writeTextFile(config, CONFIG);
      const app = ["--app", file, "--app-timeout", `${timeout}ms`];
      return new Executable(await startServer({ workers, args: [...app, "--config", config] }));
    } finally {
      await Deno.remove(config);
    }
  }

  get warnings(): readonly string[] {
    return this.#server.stderr.split("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disconnectAll();
    // What it has warned of is no failure here.
    const { code, stderr } = await this.#server.stop();
    await this.#server[Symbol.asyncDispose]();
    if (code !== 0) throw new Error(`the server has ended with ${code}: ${stderr}`);
  }
}

/**
 * A real server with channels, its HTTP API, and keys of tokens: the server, and the application that publishes there.
 *
 * In: a config. Out: a server on a free port with two workers, methods of its API, and tokens.
 */

import { assert } from "@std/assert";
import { SignJWT } from "jose";
import { type ChannelsConfig, NO_TOKENS } from "../../runtime/config/mod.ts";
import { ChannelServer, OPEN_CHANNELS, type ServerMore } from "./channel_server.ts";

/** The key of the HTTP API. */
export const API_KEY = "a key that only the backend knows";
const SECRET = "a secret that only the backend and this server know";

/** A server with an API, and keys of tokens. */
export class Backend implements AsyncDisposable {
  readonly server: ChannelServer;

  private constructor(server: ChannelServer) {
    this.server = server;
  }

  /** Starts one. */
  static async start(
    config: Partial<ChannelsConfig> = {},
    more: ServerMore = {},
  ): Promise<Backend> {
    const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
    await Deno.writeTextFile(`${folder}/api`, API_KEY);
    await Deno.writeTextFile(`${folder}/token`, SECRET);
    const apiKey = { kind: "file", path: `${folder}/api` } as const;
    const hmacSecrets = [{ kind: "file", path: `${folder}/token` }] as const;
    const token = { ...NO_TOKENS, hmacSecrets };
    try {
      const all = { ...OPEN_CHANNELS, apiKey, token, ...config };
      return new Backend(await ChannelServer.start(all, more));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }

  /** The address of a path. */
  url(path: string): string {
    return `${this.server.httpUrl}${path}`;
  }

  /** The result of a method of the API. */
  // deno-lint-ignore no-explicit-any -- of any method
  async ask(method: string, request: unknown): Promise<any> {
    const init = {
      method: "POST",
      headers: { "X-API-Key": API_KEY },
      body: JSON.stringify(request),
    };
    const response = await fetch(this.url(`/api/${method}`), init);
    const { result, error } = await response.json();
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  /** Publishes. */
  publish(channel: string, data: unknown, more: Record<string, unknown> = {}): Promise<unknown> {
    return this.ask("publish", { channel, data, ...more });
  }

  /** Publishes many, in one request. */
  async publishAll(channel: string, data: readonly unknown[]): Promise<void> {
    const commands = data.map((one) => ({ publish: { channel, data: one } }));
    const init = { method: "POST", headers: { "X-API-Key": API_KEY } };
    const response = await fetch(this.url("/api/batch"), {
      ...init,
      body: JSON.stringify({ commands }),
    });
    const { replies } = await response.json();
    assert(replies.every(({ publish }: { publish?: unknown }) => publish !== undefined));
  }

  /** The status and the text of an answer, and its head. */
  async get(path: string, init: RequestInit = {}): Promise<[number, string, Headers]> {
    const response = await fetch(this.url(path), init);
    return [response.status, await response.text(), response.headers];
  }

  /** How many subscribers a channel has. */
  async subscribers(channel: string): Promise<number> {
    const { channels } = await this.ask("channels", {});
    return channels[channel]?.num_clients ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

/** A token that the server takes. */
export function sign(claims: Record<string, unknown>): Promise<string> {
  const key = new TextEncoder().encode(SECRET);
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(key);
}

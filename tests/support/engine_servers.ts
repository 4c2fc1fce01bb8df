/**
 * Several servers that share an engine, as processes, and a backend that publishes on all of them.
 *
 * In: a configuration file. Out: their ports as a load balancer knows them; which publications the API confirmed.
 */

import { assertEquals } from "@std/assert";
import { API_KEY } from "./channel_commands.ts";
import { Balancer, type Confirmed } from "./engine_audience.ts";
import { freePort } from "./free_port.ts";
import { type Server, startServer } from "./server.ts";
import { hold, waitFor } from "./wait_for.ts";

/** Milliseconds between two publications. */
const PACE = 5;
/** The error of a publication that the engine does not take now. */
const TEMPORARY = 100;
/** A busy machine needs its time. */
const TIMEOUT_MS = 120_000;

/** Servers on the same engine; each keeps its port. */
export class ServerGroup implements AsyncDisposable {
  readonly #ports: readonly number[];
  readonly #adminPorts: readonly number[];
  /** Of all that run. */
  readonly balancer = new Balancer([]);
  readonly #config: string;
  readonly #servers: (Server | undefined)[] = [];

  private constructor(config: string, size: number) {
    this.#config = config;
    this.#ports = Array.from({ length: size }, freePort);
    this.#adminPorts = Array.from({ length: size }, freePort);
  }

  /** Starts all. @param config the configuration file @param size how many there are */
  static async start(config: string, size: number): Promise<ServerGroup> {
    await using started = new AsyncDisposableStack();
    const group = started.use(new ServerGroup(config, size));
    for (let i = 0; i < size; i++) await group.start(i);
    started.move();
    return group;
  }

  /** Starts one, again after `kill`. */
  async start(index: number): Promise<void> {
    const args = ["--config", this.#config, "--admin", `127.0.0.1:${this.#adminPorts[index]}`];
    const port = this.#ports[index]!;
    this.#servers[index] = await startServer({ workers: 1, port, args });
    this.balancer.urls.add(webSocketUrl(port));
  }

  /** Ends one by a signal that it cannot handle. */
  async kill(index: number): Promise<void> {
    const server = this.#servers[index]!;
    this.#servers[index] = undefined;
    this.balancer.urls.delete(webSocketUrl(server.port));
    await server.abandon();
  }

  /** Waits until all have verified their channels with the engine. */
  async ready(): Promise<void> {
    for (const port of this.#adminPorts) {
      await waitFor(() => isReady(port), {
        what: "a server that is ready",
        timeoutMs: TIMEOUT_MS,
      });
    }
  }

  /** Whether one of them is ready. */
  async isReady(): Promise<boolean> {
    return (await Promise.all(this.#adminPorts.map(isReady))).includes(true);
  }

  /** Ports of those that run. */
  get running(): number[] {
    return this.#servers.flatMap((server) => server === undefined ? [] : [server.port]);
  }

  /** All stop as they should, though the engine's faults are on standard error. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) {
      if (server === undefined) continue;
      assertEquals((await server.stop()).code, 0);
      await server[Symbol.asyncDispose]();
    }
  }
}

/** Publishes in all channels, one after another, on any server, until it is told to end. */
export class Publisher {
  /** What was answered with an offset. */
  readonly confirmed: Confirmed[] = [];
  /** How many were not. */
  refused = 0;
  readonly #nodes: ServerGroup;
  readonly #channels: readonly string[];
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  /** Begins. */
  constructor(nodes: ServerGroup, channels: readonly string[]) {
    this.#nodes = nodes;
    this.#channels = channels;
    this.#ended = this.#run();
  }

  async #run(): Promise<void> {
    for (let i = 0; !this.#stop.signal.aborted; i++) {
      const { running } = this.#nodes;
      const port = running[i % running.length]!;
      await this.#publish(port, this.#channels[i % this.#channels.length]!);
      await hold(PACE);
    }
  }

  /** Publishes in each channel once more, and ends. @returns these publications */
  async finish(): Promise<Confirmed[]> {
    this.#stop.abort();
    await this.#ended;
    const before = this.confirmed.length;
    for (const channel of this.#channels) {
      await this.publishAtLast(this.#nodes.running[0]!, channel);
    }
    return this.confirmed.slice(before);
  }

  /** Publishes as soon as the engine takes it. */
  async publishAtLast(port: number, channel: string): Promise<void> {
    await waitFor(() => this.#publish(port, channel), { what: "a confirmed publication" });
  }

  async #publish(port: number, channel: string): Promise<boolean> {
    const request = { method: "POST", headers: { "X-API-Key": API_KEY } };
    const body = JSON.stringify({ channel, data: {} });
    let text;
    try {
      text = await (await fetch(`http://127.0.0.1:${port}/api/publish`, { ...request, body }))
        .text();
    } catch {
      this.refused++; // the server was killed
      return false;
    }
    const { result, error } = JSON.parse(text);
    if (error === undefined) this.confirmed.push({ channel, ...result });
    else assertEquals(error.code, TEMPORARY, text);
    if (error !== undefined) this.refused++;
    return error === undefined;
  }
}

async function isReady(adminPort: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
  await response.body?.cancel();
  return response.ok;
}

function webSocketUrl(port: number): string {
  return `ws://127.0.0.1:${port}/connection/websocket`;
}

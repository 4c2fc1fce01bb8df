/**
 * The load generator crowd, against a server that tells the truth, and against such that do not.
 */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { INSTALL_C } from "./c_programs.ts";
import { ASYNC_DENO_WIRE } from "./peers/async_deno_channels.ts";
import { Crowd } from "./reconnect_crowd.ts";
import { findProgram } from "./tools.ts";

const SIZE = { clients: 6, channels: 2, within: 50, perSecond: 400 };
const EPOCH = "abcd";

interface Publication {
  readonly offset: number;
  readonly data: unknown;
}

interface Subscription {
  readonly epoch: string;
  readonly offset: number;
  readonly publications: readonly Publication[];
  readonly recovered: boolean;
}

/** What a server tells in place of the truth. */
interface Lies {
  /** In place of the reply to a recovery. */
  readonly recovery?: (truth: Subscription) => Partial<Subscription>;
  /** In place of a publication. */
  readonly push?: (publication: Publication) => readonly unknown[];
  /** How many subscriptions are refused for the moment. */
  readonly busy?: number;
}

/** The part of a Centrifuge server that crowd uses. */
class Server {
  readonly #http: Deno.HttpServer<Deno.NetAddr>;
  readonly #lies: Lies;
  readonly #channels = new Map<string, { offset: number; sockets: Set<WebSocket> }>();
  #busy: number;

  constructor(lies: Lies) {
    this.#lies = lies;
    this.#busy = lies.busy ?? 0;
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
    this.#http = Deno.serve(options, (request) => this.#serve(request));
  }

  get port(): number {
    return this.#http.addr.port;
  }

  async stop(): Promise<void> {
    await this.#http.shutdown();
  }

  #channel(name: string) {
    const channel = this.#channels.get(name) ?? { offset: 0, sockets: new Set<WebSocket>() };
    this.#channels.set(name, channel);
    return channel;
  }

  async #serve(request: Request): Promise<Response> {
    if (request.method === "POST") return this.#publish(await request.json());
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => {
      for (const command of String(data).split("\n")) this.#obey(socket, JSON.parse(command));
    };
    socket.onclose = () => {
      for (const { sockets } of this.#channels.values()) sockets.delete(socket);
    };
    return response;
  }

  #publish({ channel: name, data }: { channel: string; data: unknown }): Response {
    const channel = this.#channel(name);
    const pub = { data, offset: ++channel.offset };
    for (const push of this.#lies.push?.(pub) ?? [{ pub }]) {
      const text = JSON.stringify({ push: { channel: name, ...push as object } });
      for (const socket of channel.sockets) socket.send(text);
    }
    return Response.json({ result: { offset: channel.offset, epoch: EPOCH } });
  }

  #obey(socket: WebSocket, { id, subscribe }: Command): void {
    const reply = subscribe === undefined ? { connect: {} } : this.#subscribe(socket, subscribe);
    socket.send(`${JSON.stringify({ id, ...reply })}\n{}`); // and a ping
  }

  #subscribe(socket: WebSocket, { channel: name, recover, offset, epoch }: Subscribe): object {
    if (this.#busy-- > 0) return { error: { code: 100, message: "busy", temporary: true } };
    const channel = this.#channel(name);
    channel.sockets.add(socket);
    const position = { epoch: EPOCH, offset: channel.offset };
    if (recover !== true) return { subscribe: position };
    const missed = epoch === EPOCH && offset !== undefined ? channel.offset - offset : 0;
    const publications = Array.from(
      { length: missed },
      (_, i) => ({ data: { x: [{ offset: 9 }] }, offset: offset! + 1 + i }),
    );
    const truth = { ...position, publications, recovered: true };
    return { subscribe: { ...truth, ...this.#lies.recovery?.(truth) } };
  }
}

interface Subscribe {
  readonly channel: string;
  readonly recover?: boolean;
  readonly offset?: number;
  readonly epoch?: string;
}

interface Command {
  readonly id: number;
  readonly subscribe?: Subscribe;
}

/** Lets all come, break, come back, and end; returns how many publications they recovered, and the retries. */
async function run(lies: Lies): Promise<{ recovered: number; retries: number }> {
  const server = new Server(lies);
  try {
    await using crowd = await Crowd.start(server.port, ASYNC_DENO_WIRE, SIZE);
    const { retries } = await crowd.there();
    await crowd.scatter();
    const { recovered } = await crowd.there();
    const publications = await crowd.end();
    assertEquals(publications >= recovered, true);
    return { recovered, retries };
  } finally {
    await server.stop();
  }
}

const C_TEST = { ignore: findProgram("gcc") === undefined };

Deno.test({
  ...C_TEST,
  name: `crowd comes back and recovers what it missed (${INSTALL_C})`,
  async fn() {
    const { recovered, retries } = await run({ busy: 3 });
    assertEquals([recovered > 0, retries], [true, 3]);
  },
});

/** Lies, and what the client says of them. */
const LIES: readonly (readonly [what: string, lies: Lies, fault: string])[] = [
  [
    "a recovery that failed",
    { recovery: () => ({ recovered: false, publications: [] }) },
    "no recovery",
  ],
  ["another epoch", { recovery: () => ({ epoch: "efgh" }) }, "another epoch"],
  [
    "a recovery without its end",
    { recovery: ({ publications }) => ({ publications: publications.slice(0, -1) }) },
    "a recovery that says it leads to",
  ],
  [
    "a recovery without its beginning",
    { recovery: ({ publications }) => ({ publications: publications.slice(1) }) },
    ": publication ",
  ],
  [
    "a recovery with something twice",
    { recovery: ({ publications }) => ({ publications: [...publications, ...publications] }) },
    ": publication ",
  ],
  ["a publication that is left out", {
    push: (pub) => pub.offset % 3 === 0 ? [] : [{ pub }],
  }, ": publication "],
  ["a publication twice", { push: (pub) => [{ pub }, { pub }] }, ": publication "],
  [
    "the end of a subscription",
    { push: () => [{ unsubscribe: { code: 2500, reason: "" } }] },
    "was told",
  ],
  ["a disconnect", { push: () => [{ disconnect: { code: 3000, reason: "" } }] }, "was told"],
];

Deno.test({
  ...C_TEST,
  name: `crowd fails if a client is told something wrong (${INSTALL_C})`,
  async fn(t) {
    for (const [what, lies, fault] of LIES) {
      await t.step(what, async () => {
        const error = await assertRejects(() => run(lies), Error, "a client was told");
        assertStringIncludes(error.message, fault);
      });
    }
  },
});

/**
 * A tail at a server that does what the real one does only if something is wrong: a hole in the offsets, errors that pass, a
 * silent connection. Everything else is in tests/e2e/channels/subscribe_command_test.ts.
 */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { WebSocketServer } from "npm:ws@8.18.3";
import { CommandFailure } from "../../../../runtime/cli/channel_commands/command_io.ts";
import { Tail } from "../../../../runtime/cli/channel_commands/tail.ts";
import type { TokenSource } from "../../../../runtime/cli/channel_commands/tail_tokens.ts";
import { waitFor } from "../../../support/wait_for.ts";

/** The members of a `ws` socket that are used; the package has no types. */
interface Socket {
  on(event: "message", listener: (data: Uint8Array) => void): void;
  send(text: string): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

/** What the server sends to the beginning of its nth connection, counted from 0. */
type Script = (connection: number, socket: Socket, message: string) => void;

interface Followed {
  readonly tail: Tail;
  /** Publications. */
  readonly lines: string[];
  readonly said: string[];
  readonly messages: string[];
}

const NO_TOKEN: TokenSource = { isRenewed: false, hint: "none", next: () => Promise.resolve({}) };
const CONNECTED = '{"id":1,"connect":{"client":"a","ping":25,"pong":true}}';
const at = (offset: number, more = "") =>
  `{"id":2,"subscribe":{"recoverable":true,"positioned":true,"epoch":"e","offset":${offset}${more}}}`;
const pub = (offset: number) =>
  `{"push":{"channel":"c","pub":{"offset":${offset},"data":${offset}}}}`;

async function follow(
  script: Script,
  body: (followed: Followed) => Promise<void>,
  { tokens = NO_TOKEN, limit = Infinity } = {},
): Promise<void> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise<void>((resolve) => server.once("listening", () => resolve()));
  let connections = 0;
  const [lines, said, messages]: string[][] = [[], [], []];
  server.on("connection", (socket: Socket) => {
    const connection = connections++;
    socket.on("message", (data) => {
      const message = new TextDecoder().decode(data);
      messages!.push(message);
      script(connection, socket, message);
    });
  });
  const url = new URL(`ws://127.0.0.1:${server.address().port}/`);
  const wish = { channel: "c", tokens, url, ca: undefined, since: undefined, limit };
  const tail = new Tail(wish, {
    warn: (text) => void said!.push(text),
    write: (bytes) => {
      lines!.push(...new TextDecoder().decode(bytes).trimEnd().split("\n"));
      return Promise.resolve();
    },
  });
  try {
    await body({ tail, lines: lines!, said: said!, messages: messages! });
  } finally {
    for (const socket of server.clients) socket.terminate();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** Runs it until it has printed so many lines. */
async function untilLines({ tail, lines, said }: Followed, count: number): Promise<void> {
  const run = tail.run();
  await waitFor(() => lines.length >= count, { what: () => `${count} lines: ${lines} ${said}` });
  tail.stop();
  await run;
}

function offsetsOf(lines: readonly string[]): number[] {
  return lines.map((line) => JSON.parse(line).offset);
}

Deno.test("tail: a hole in the offsets is said, and what came before is not printed again", () =>
  follow((_, socket, message) => {
    if (!message.includes("connect")) return;
    socket.send(`${CONNECTED}\n${at(4)}\n${pub(5)}\n${pub(5)}\n${pub(4)}`);
    socket.send(`${pub(8)}\n${pub(9)}`);
  }, async (followed) => {
    await untilLines(followed, 3);
    assertEquals(offsetsOf(followed.lines), [5, 8, 9]);
    assertEquals(followed.said, [
      "subscribed to c at offset 4, epoch e",
      "publications were lost: offsets 6 to 7",
    ]);
  }));

Deno.test("tail: a recovery begins at the last offset that was printed", () =>
  follow((connection, socket, message) => {
    if (!message.includes("connect")) return;
    if (connection === 0) {
      socket.send(`${CONNECTED}\n${at(4)}\n${pub(5)}`);
      return socket.close(3012, "no pong");
    }
    const publications = ',"recovered":true,"publications":[{"offset":6,"data":6}]';
    socket.send(`${CONNECTED}\n${at(6, publications)}\n${pub(7)}`);
  }, async (followed) => {
    await untilLines(followed, 3);
    assertEquals(offsetsOf(followed.lines), [5, 6, 7]);
    const [, second] = followed.messages;
    assertStringIncludes(second!, '"recover":true,"offset":5,"epoch":"e"');
    assertEquals(followed.said.slice(1), [
      "the connection ended (no pong, 3012): connecting again",
      "connected again: 1 publication was recovered",
    ]);
  }));

Deno.test("tail: it comes back after insufficient state, a temporary error, and a disconnect push", () =>
  follow((connection, socket, message) => {
    if (!message.includes("connect")) return;
    const recovered = ',"recovered":true';
    const scripts = [
      `${CONNECTED}\n${
        at(0)
      }\n{"push":{"channel":"c","unsubscribe":{"code":2500,"reason":"insufficient state"}}}`,
      '{"id":1,"error":{"code":100,"message":"internal server error","temporary":true}}',
      `${CONNECTED}\n{"id":2,"error":{"code":111,"message":"too many requests","temporary":true}}`,
      `${CONNECTED}\n${
        at(0, recovered)
      }\n{"push":{"disconnect":{"code":3011,"reason":"force reconnect"}}}`,
      `${CONNECTED}\n${at(0, recovered)}\n${pub(1)}`,
    ];
    socket.send(scripts[connection]!);
  }, async (followed) => {
    await untilLines(followed, 1);
    assertEquals(followed.said.filter((text) => text.endsWith(": connecting again")), [
      "the server ended the subscription: insufficient state (2500): connecting again",
      "the server refuses the connection: internal server error (100): connecting again",
      "the server refuses the subscription: too many requests (111): connecting again",
      "the connection ended (force reconnect, 3011): connecting again",
    ]);
  }));

Deno.test("tail: an expired token is replaced, if the command can make one", async () => {
  const script: Script = (connection, socket, message) => {
    if (!message.includes("connect")) return;
    if (connection === 1) {
      return socket.send('{"id":1,"error":{"code":109,"message":"token expired"}}');
    }
    socket.send(`${CONNECTED}\n${at(connection)}`);
    if (connection === 0) socket.close(3005, "connection expired");
    else socket.send(pub(connection + 1));
  };
  let made = 0;
  const tokens: TokenSource = {
    isRenewed: true,
    hint: "the file",
    next: () => Promise.resolve({ connection: `token${made++}` }),
  };
  await follow(script, async (followed) => {
    await untilLines(followed, 1);
    assertEquals(followed.messages.map((message) => /token\d/.exec(message)?.[0]), [
      "token0",
      "token1",
      "token2",
    ]);
  }, { tokens });
  await follow(script, async ({ tail }) => {
    const { message } = await assertRejects(() => tail.run(), CommandFailure);
    assertEquals(message, "the server refuses the connection: token expired (109): none");
  });
});

Deno.test("tail: what no server of channels sends, and a permanent close, end it", async () => {
  const rows: [script: Script, says: string][] = [
    [(_, socket) => socket.send("hello"), "does not speak the protocol of channels"],
    [(_, socket) => socket.close(1009, "message too big"), "message too big (1009)"],
    [(_, socket) => socket.close(3504, "connection limit"), "connection limit (3504)"],
    // Before the first subscription, it is most likely a mistake.
    [(_, socket) => socket.close(3001, "shutdown"), "the connection ended (shutdown, 3001)"],
    [(_, socket) => socket.terminate(), "the connection ended (1006)"],
  ];
  for (const [script, says] of rows) {
    await follow(script, async ({ tail, said }) => {
      const { message } = await assertRejects(() => tail.run(), CommandFailure);
      assertStringIncludes(message, says);
      assertEquals(said, []);
    });
  }
});

Deno.test("tail: pings are not answered if the server does not want it", () =>
  follow((_, socket, message) => {
    if (!message.includes("connect")) return;
    socket.send(`{"id":1,"connect":{"client":"a","ping":1}}\n${at(0)}\n{}`);
    socket.send(pub(1));
  }, async (followed) => {
    await untilLines(followed, 1);
    assertEquals(followed.messages.length, 1);
  }));

Deno.test("tail: pings are answered; the limit ends it in the middle of a message", () =>
  follow((_, socket, message) => {
    if (message === "{}") return socket.send(`${pub(1)}\n${pub(2)}\n${pub(3)}`);
    socket.send(`${CONNECTED}\n${at(0)}`);
    socket.send("{}");
  }, async ({ tail, lines, messages }) => {
    await tail.run();
    assertEquals(offsetsOf(lines), [1, 2]);
    assertEquals(messages[1], "{}");
  }, { limit: 2 }));

/**
 * The loads of channels in a soak test: subscribers that die and recover, publications, presence, streams that are cut.
 *
 * In: a server that was started with {@link channelArgs}. Out: rounds that check what clients are told: offsets without a gap or a
 * repetition, recoveries that are whole or none, members that are there.
 */

import { assert, assertEquals } from "@std/assert";
import { RawPeer } from "../e2e/faults/raw_peer.ts";
import { allSubscribed, CrowdMember, faultsOf } from "../support/crowd.ts";
import { EventStream } from "../support/event_stream.ts";
import { type Endpoint, HttpConnection, latin1 } from "../support/http_client.ts";
import type { Random } from "../support/random.ts";
import { OPCODE, RawWebSocket } from "../support/raw_websocket.ts";
import { connectTo, OVER_TLS } from "../support/suite_tls.ts";
import { hold, waitFor } from "../support/wait_for.ts";
import type { LoadKind } from "./load.ts";

const KEY = "soak-soak-soak-soak";
const CHANNELS = 8;
/** Milliseconds for which a client is away, at most. */
const AWAY_MS = 500;
const PATH = "/connection/websocket";

const TOML = (keyFile: string) => `
[channels]
allow_anonymous_connect_without_token = true

[channels.namespaces.chat]
history_size = 1000
history_ttl = "5m"
presence = true
join_leave = true
allow_recovery = true
allow_subscribe_for_client = true
allow_subscribe_for_anonymous = true
allow_publish_for_client = true
allow_publish_for_anonymous = true
allow_presence_for_client = true
allow_presence_for_anonymous = true

[channels.api]
key_file = "${keyFile}"
`;

/** Writes the config into a folder; returns the arguments that name it. */
export async function channelArgs(folder: string): Promise<string[]> {
  const [config, keyFile] = [`${folder}/channels.toml`, `${folder}/channels.key`];
  await Deno.writeTextFile(keyFile, KEY);
  await Deno.writeTextFile(config, TOML(keyFile));
  return ["--config", config];
}

/** All kinds. */
export const CHANNEL_LOADS: readonly LoadKind[] = [
  { name: "channels: sockets that die, and recover", clients: 16, pause: 20, round: dieAndRecover },
  { name: "channels: publications by HTTP", clients: 2, pause: 20, round: publishByHttp },
  { name: "channels: presence", clients: 4, pause: 20, round: comeAndGo },
  { name: "channels: streams that are cut", clients: 4, pause: 50, round: cutStream },
  { name: "channels: streams that recover", clients: 8, pause: 50, round: recoverStream },
];

function anyChannel(random: Random): string {
  return `chat:${random.below(CHANNELS)}`;
}

async function dieAndRecover({ hostname, port }: Endpoint, random: Random): Promise<void> {
  const member = new CrowdMember(
    `${OVER_TLS ? "wss" : "ws"}://${hostname}:${port}${PATH}`,
    anyChannel(random),
  );
  const { channel } = member;
  for (let life = 0; life < 3; life++) {
    member.come();
    await allSubscribed([member]);
    const before = member.publications;
    member.send({ id: 3, publish: { channel, data: { life } } });
    await waitFor(() => member.publications > before, { what: "its own publication" });
    member.cut();
    await waitFor(() => member.closed !== undefined, { what: "the close" });
    await hold(random.below(AWAY_MS));
  }
  assertEquals(faultsOf([member]), []);
}

async function publishByHttp(server: Endpoint, random: Random): Promise<void> {
  using connection = await HttpConnection.open(server);
  let last = 0;
  const channel = anyChannel(random);
  for (let i = 0; i < 20; i++) {
    const body = JSON.stringify({ channel, data: { i, text: "x".repeat(random.below(2_000)) } });
    const head = `POST /api/publish HTTP/1.1\r\nHost: a\r\nX-API-Key: ${KEY}\r\n`;
    await connection.send(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
    const { result } = JSON.parse((await connection.answer()).text);
    assert(result.offset > last, `offset ${result.offset} after ${last}`);
    last = result.offset;
  }
}

async function comeAndGo(server: Endpoint, random: Random): Promise<void> {
  using socket = await RawWebSocket.open(server, PATH);
  const channel = anyChannel(random);
  const ask = (command: Readonly<Record<string, unknown>>) =>
    socket.send({ opcode: OPCODE.text, payload: JSON.stringify(command) });
  await ask({ id: 1, connect: {} });
  const { client } = (await replyTo(socket, 1)).connect;
  await ask({ id: 2, subscribe: { channel, join_leave: true } });
  await replyTo(socket, 2);
  await ask({ id: 3, presence: { channel } });
  const { presence } = (await replyTo(socket, 3)).presence;
  assert(client in presence, "the client is not among the members");
  await ask({ id: 4, unsubscribe: { channel } });
  await replyTo(socket, 4);
}

/** Reads up to the reply to a command: pushes come in between. */
// deno-lint-ignore no-explicit-any -- replies of any kind
async function replyTo(socket: RawWebSocket, id: number): Promise<any> {
  while (true) {
    const { opcode, payload } = await socket.frame();
    assertEquals(opcode, OPCODE.text);
    for (const line of new TextDecoder().decode(payload).split("\n")) {
      const message = JSON.parse(line);
      if (message.id !== id) continue;
      assertEquals(message.error, undefined);
      return message;
    }
  }
}

async function cutStream(server: Endpoint, random: Random): Promise<void> {
  using peer = await RawPeer.open(server);
  const path = `/channels/sse?channel=${anyChannel(random)}&channel=${anyChannel(random)}`;
  await peer.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await hold(random.below(AWAY_MS));
}

/** A plain stream of two channels that is cut and comes back with what it has: nothing twice, nothing missing but what is told. */
async function recoverStream(server: Endpoint, random: Random): Promise<void> {
  const path = `/channels/sse?channel=${anyChannel(random)}&channel=${anyChannel(random)}`;
  const newest = new Map<string, number>();
  let id = "";
  for (let life = 0; life < 3; life++) {
    const seen = await readStream(server, { path, id, milliseconds: random.below(AWAY_MS) });
    for (const { type, data } of seen.events) checkEvent(type, JSON.parse(data), newest);
    id = seen.lastEventId;
    await hold(random.below(AWAY_MS));
  }
}

/** Reads a stream for so long, and cuts the connection. */
async function readStream(
  server: Endpoint,
  { path, id, milliseconds }: {
    readonly path: string;
    readonly id: string;
    readonly milliseconds: number;
  },
): Promise<EventStream> {
  const connection = await connectTo(server);
  const seen = new EventStream(id);
  let isCut = false;
  const reading = takeEvents(connection, seen).catch((error) => {
    if (!isCut) throw error;
  });
  // Over HTTP/1.0 there are no chunks.
  const field = id === "" ? "" : `Last-Event-ID: ${id}\r\n`;
  await connection.write(latin1(`GET ${path} HTTP/1.0\r\nHost: a\r\n${field}\r\n`));
  await Promise.race([reading, hold(milliseconds)]);
  isCut = true;
  connection.close();
  await reading;
  return seen;
}

/** Reads an answer until the connection is closed. @throws {Error} if the server ends it, or it is no stream */
async function takeEvents(connection: Deno.Conn, seen: EventStream): Promise<void> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(16 * 1024);
  const read = async () => {
    const count = await connection.read(buffer);
    if (count === null) throw new Error("the stream ended");
    return decoder.decode(buffer.subarray(0, count), { stream: true });
  };
  let head = "";
  while (!head.includes("\r\n\r\n")) head += await read();
  if (!head.startsWith("HTTP/1.1 200 ")) throw new Error(head.split("\r\n")[0]);
  seen.take(head.slice(head.indexOf("\r\n\r\n") + 4));
  while (true) seen.take(await read());
}

/** Checks an event of a stream, and notes where the stream is. */
function checkEvent(
  type: string,
  // deno-lint-ignore no-explicit-any -- events of any type
  event: any,
  newest: Map<string, number>,
): void {
  if (type === "lost") {
    for (const { channel, offset } of event.channels) newest.set(channel, offset);
    return;
  }
  const { channel, offset } = event;
  const before = newest.get(channel);
  const isNext = before === undefined || offset === before + 1;
  assert(isNext, `${type} of ${channel}: ${offset} behind ${before}`);
  newest.set(channel, offset);
}

/**
 * Opens many idle subscribers of channels.
 *
 * In: a port of 127.0.0.1, the wire of its server, a number, whether each has a channel of its own. Out: clients with
 * subscribed connections. A client is a process of fanload, which never publishes here; all together connect from as many addresses of
 * 127.0.0.0/8 as it takes for the ports.
 */

import { buildProgram } from "./c_programs.ts";
import { type ChannelsWire, fanloadWire } from "./channels_wire.ts";
import { type RunningClient, startClient } from "./load_client.ts";

/** Whether all subscribe to one channel, or each to its own. */
export type ChannelSpread = "one" | "own";

/** Connections of a process, which opens one after the other; several processes do so at the same time. */
const PER_CLIENT = 1_000;

/** The connections that {@link openSubscribers} opens. */
export interface SubscriberRange {
  /** The number of the first one: no two have the same. */
  readonly first: number;
  readonly count: number;
  readonly spread: ChannelSpread;
}

/** Opens subscribers. @throws Error if a client fails */
export async function openSubscribers(
  port: number,
  wire: ChannelsWire,
  { first, count, spread }: SubscriberRange,
): Promise<RunningClient[]> {
  const program = await buildProgram("fanload");
  if (typeof program !== "string") {
    throw new Error(`missing ${program.missing}: ${program.install}`);
  }
  const clients: RunningClient[] = [];
  for (let at = 0; at < count; at += PER_CLIENT) {
    const some = Math.min(PER_CLIENT, count - at);
    const channels = spread === "own" ? ["-c", `${some}`] : ["-c", "1", "-z"];
    const size = ["-n", `${some}`, "-k", `${first + at}`, ...channels];
    const unused = ["-b", "64", "-d", "1", "-f", "1"];
    const args = ["-p", `${port}`, ...size, ...unused, ...fanloadWire(wire, port)];
    const client = startClient(program, args, { waits: true });
    client.report.catch(() => {}); // it has none
    clients.push(client);
  }
  const ready = await Promise.all(clients.map((client) => client.ready));
  if (ready.every(Boolean)) return clients;
  await closeSubscribers(clients);
  const reports = await Promise.allSettled(clients.map((client) => client.report));
  const faults = reports.map((one) => one.status === "rejected" ? `${one.reason}` : "");
  throw new Error(`a client could not connect all of its subscribers: ${faults.join(" ")}`);
}

/** Closes the connections, and waits for that. */
export async function closeSubscribers(clients: readonly RunningClient[]): Promise<void> {
  for (const client of clients) await client.end();
}

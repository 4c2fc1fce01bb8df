/**
 * Asks nodes of a cluster, by connections of their own, what they know about it.
 *
 * In: the address of the cluster, and where nodes may be. Out: what those that answer say, or an error that says why nobody does. All are
 * asked at the same time. For the start, and for when no master can be reached.
 */
import { errorMessage } from "../../../error_message.ts";
import { type ClusterView, clusterView } from "./cluster_view.ts";
import { addressOf } from "./find_master.ts";
import { type ClusterPlace, type HostAndPort, redisAddress, tlsOf } from "./redis_address.ts";
import { closeRedis, enterRedis, redisClient } from "./redis_client.ts";
import { isAnswer } from "./redis_faults.ts";
import type { RedisServer } from "./redis_link.ts";

/** @throws {Error} if nobody answers; the message says why */
export async function askNodes(
  server: RedisServer,
  nodes: readonly HostAndPort[],
): Promise<ClusterView[]> {
  const results = await Promise.allSettled(nodes.map((node) => askNode(server, node)));
  const views = results.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
  if (views.length > 0) return views;
  const faults = results.flatMap((result) => result.status === "rejected" ? [result.reason] : []);
  const refusal = faults.find(({ isRefusal }) => isRefusal);
  if (refusal !== undefined) throw new Error(refusal.message);
  throw new Error(`no node of the cluster can be reached: ${faults.map(errorMessage).join("; ")}`);
}

/** Why a node has not told anything. */
class NodeError extends Error {
  readonly isRefusal: boolean;

  constructor(message: string, isRefusal: boolean) {
    super(message);
    this.isRefusal = isRefusal;
  }
}

async function askNode(server: RedisServer, { host, port }: HostAndPort): Promise<ClusterView> {
  const { place, user, password } = redisAddress(server.url, server.ca);
  const { tls } = place as ClusterPlace;
  const more = tls === undefined ? {} : { tls: tlsOf(host, tls.ca) };
  const client = redisClient({ host, port, ...more }, server.timeoutMs);
  let cause = "";
  // The client says of most faults only that the connection is closed.
  client.on("error", (error: Error) => cause ||= error.message);
  try {
    await enterRedis(client, { user, password: server.password ?? password });
    const text = await client.call("CLUSTER", "NODES") as string;
    return clusterView(text, host, tls !== undefined);
  } catch (error) {
    const address = addressOf({ host, port });
    throw isAnswer(error)
      ? new NodeError(`the node ${address} refuses: ${errorMessage(error)}`, true)
      : new NodeError(`${address}: ${cause || errorMessage(error)}`, false);
  } finally {
    closeRedis(client);
  }
}

/**
 * Looks at a cluster once, for --check: connects to all masters, tries all rights at each, and closes.
 *
 * In: what a driver is made with. Out: what was found. Leaves nothing in the servers.
 */
import type { EngineInspection } from "../driver.ts";
import { askNodes } from "./ask_nodes.ts";
import { clusterMap } from "./cluster_view.ts";
import { addressOf } from "./find_master.ts";
import { RedisNames } from "./names.ts";
import { type ClusterPlace, nodeUrl, redisAddress } from "./redis_address.ts";
import { connectionFault, evictionWarning, redisFault } from "./redis_faults.ts";
import type { RedisDriverOptions } from "./redis_driver.ts";
import type { RedisFacts } from "./redis_facts.ts";
import { RedisLink } from "./redis_link.ts";
import { rehearse } from "./rehearsal.ts";

/** Looks at the cluster. */
export async function inspectCluster(options: RedisDriverOptions): Promise<EngineInspection> {
  try {
    const { seeds } = redisAddress(options.url).place as ClusterPlace;
    const { owners, places } = clusterMap(await askNodes(options, seeds));
    const alone = owners.indexOf(undefined);
    if (alone >= 0) throw new Error(`no master of the cluster has the slot ${alone}`);
    const names = new RedisNames(options.prefix);
    const masters = [...new Set(owners)].map(async (id) => {
      const address = addressOf(places.get(id!)!);
      const url = nodeUrl(options.url, places.get(id!)!);
      try {
        const within = names.within((slot) => owners[slot] === id);
        return await inspectMaster({ ...options, url, isMaster: true }, within);
      } catch (error) {
        throw new Error(`the master at ${address}: ${redisFault(error).reason}`);
      }
    });
    const facts = await Promise.all(masters);
    const list = (values: readonly string[]) =>
      [...new Set(values)].filter((value) => value !== "").join(" and ");
    const policy = list(facts.map(({ evictionPolicy }) => evictionPolicy));
    const policies = policy === "" ? "" : `, maxmemory-policy ${policy}`;
    const warnings = facts.map(({ evictionPolicy }) => evictionWarning(evictionPolicy));
    return {
      text: `${
        list(facts.map(({ program }) => program))
      }, a cluster of ${facts.length} masters${policies}`,
      warning: warnings.find((warning) => warning !== undefined),
    };
  } catch (error) {
    return { text: "", fault: connectionFault(redisFault(error).reason, options) };
  }
}

async function inspectMaster(options: RedisDriverOptions, names: RedisNames): Promise<RedisFacts> {
  let lost: string | undefined;
  const link = await RedisLink.open(options, { message: () => {}, lost: (why) => lost = why });
  try {
    await rehearse(link, names);
    return link.facts;
  } catch (error) {
    throw lost === undefined ? error : new Error(lost);
  } finally {
    link.close();
  }
}

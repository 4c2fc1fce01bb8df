/**
 * Looks at the server once, for --check: connects, tries all rights, and closes.
 *
 * In: what a driver is made with. Out: what was found. Leaves nothing in the server.
 */
import type { EngineInspection } from "../driver.ts";
import { inspectCluster } from "./inspect_cluster.ts";
import { connectionFault, evictionWarning, redisFault } from "./redis_faults.ts";
import { RedisLink } from "./redis_link.ts";
import { RedisNames } from "./names.ts";
import { databaseOf, isCluster } from "./redis_address.ts";
import type { RedisDriverOptions } from "./redis_driver.ts";
import { rehearse } from "./rehearsal.ts";

/** Looks at the server. */
export async function inspectServer(options: RedisDriverOptions): Promise<EngineInspection> {
  if (isCluster(options.url)) return await inspectCluster(options);
  const names = new RedisNames(options.prefix, databaseOf(options.url));
  let lost: string | undefined;
  let link: RedisLink | undefined;
  try {
    link = await RedisLink.open(options, { message: () => {}, lost: (reason) => lost = reason });
    await rehearse(link, names);
    const { program, evictionPolicy } = link.facts;
    const policy = evictionPolicy === "" ? "" : `, maxmemory-policy ${evictionPolicy}`;
    const { masterAddress } = link;
    const place = masterAddress === undefined ? "" : `, the master at ${masterAddress}`;
    return { text: `${program}${place}${policy}`, warning: evictionWarning(evictionPolicy) };
  } catch (error) {
    return { text: "", fault: connectionFault(lost ?? redisFault(error).reason, options) };
  } finally {
    link?.close();
  }
}

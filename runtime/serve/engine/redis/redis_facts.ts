/**
 * What a Redis server says about itself, and whether it can be used.
 *
 * In: the answer of INFO. Out: facts, or an error that says why it is no server to write to. Pure.
 */

/** What the server says about itself. */
export interface RedisFacts {
  /** Another one after each restart, failover and promotion. Without a space. */
  readonly life: string;
  /** The process; empty if it does not say. */
  readonly runId: string;
  /** The program and its version, as "Redis 7.0.15". */
  readonly program: string;
  /** `noeviction`, or how it evicts keys; empty if it does not say. */
  readonly evictionPolicy: string;
}

/** Before the server was asked. */
export const NO_FACTS: RedisFacts = { life: "", runId: "", program: "", evictionPolicy: "" };

/** Characters of either part of a life in a cluster, where calls have the lives of all masters. */
const SHORT = 10;

/**
 * Reads the answer of INFO.
 *
 * @param isMaster whether the server is to be a master of a cluster, or a server alone
 * @throws {Error} if it cannot be used
 */
export function redisFacts(info: string, isMaster: boolean): RedisFacts {
  const get = fieldsOf(info);
  if (get("redis_mode") === "sentinel") throw new Error("the server is a sentinel");
  if (get("loading") === "1") throw new Error("the server is loading its data");
  if (get("role") === "slave") {
    throw new Error("the server is a replica, which cannot be written to");
  }
  const [runId, replication] = [get("run_id"), get("master_replid")];
  if (replication === "") throw new Error("INFO does not tell master_replid");
  const isNode = get("cluster_enabled") === "1";
  if (isNode && !isMaster) throw new Error("the server is a node of a cluster");
  if (!isNode && isMaster) throw new Error("the server is in no cluster");
  // Valkey also reports the version of Redis that it is compatible with.
  const version = get("redis_version");
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (version !== "" && (major < 6 || (major === 6 && minor < 2))) {
    throw new Error(`the server is Redis ${version}: 6.2 or later is needed`);
  }
  if (version !== "" && isMaster && major < 7) {
    throw new Error(`the server is Redis ${version}: a cluster needs 7.0 or later`);
  }
  const valkey = get("valkey_version");
  return {
    life: isMaster
      ? `${runId.slice(0, SHORT)}:${replication.slice(0, SHORT)}`
      : `${runId}:${replication}`,
    runId,
    program: valkey === "" ? `Redis ${version}` : `Valkey ${valkey}`,
    evictionPolicy: get("maxmemory_policy"),
  };
}

/** A field's value, or an empty text. */
function fieldsOf(info: string): (name: string) => string {
  const fields = new Map(
    info.split("\r\n").map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1)];
    }),
  );
  return (name) => fields.get(name) ?? "";
}

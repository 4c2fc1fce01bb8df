/**
 * Finds out at the start of a link what its user may not do.
 *
 * In: a link, and the names of this installation. Out: an error that lists all of it; nothing, if the user has all rights. Each command
 * of the driver and of its scripts is run once, on keys that have no other use and that are gone afterwards. Without this, a missing
 * right would show as a publication that is refused, long after the start, or as a lease that is never renewed.
 */
import type { RedisLink } from "./redis_link.ts";
import type { RedisNames } from "./names.ts";
import { isDenied, redisFault } from "./redis_faults.ts";

/** No channel has an empty name. */
const NO_CHANNEL = "";
const MEMBER = "rehearsal";

/** Runs everything. @throws {Error} that lists what the user lacks; whatever a cut connection throws */
export async function rehearse(link: RedisLink, names: RedisNames): Promise<void> {
  const channel = names.ofPubSub("x", NO_CHANNEL);
  const lacks = (await Promise.all([
    ...commandsOf(link, names).map((command) => lackOf(command[0], link.command(...command))),
    scriptLacks(link, names),
    lackOf(link.isMaster ? "SSUBSCRIBE" : "SUBSCRIBE", link.subscribe(channel)),
  ])).flat();
  if (lacks.length > 0) {
    const list = [...new Set(lacks)].sort().join(", ");
    throw new Error(`the user lacks rights: ${list}`);
  }
  link.rehearsed();
  await link.unsubscribe(channel);
}

/** What the driver runs outside of scripts, in an order that leaves nothing. */
function commandsOf(
  { isMaster }: RedisLink,
  names: RedisNames,
): [string, ...(string | number)[]][] {
  const [lease, list] = [names.ofNode("l", MEMBER), names.ofNode("q", MEMBER)];
  return [
    ["SET", lease, "1", "NX", "PX", 1],
    ["PEXPIRE", lease, 1],
    ["EXISTS", lease],
    ["DEL", lease],
    ["SADD", list, MEMBER],
    ["SRANDMEMBER", list, 1],
    ["SREM", list, MEMBER],
    ["SMEMBERS", names.nodes],
    ["EXISTS", names.ofNode("r", MEMBER)],
    ["HGETALL", names.ofChannel("p", NO_CHANNEL)],
    [isMaster ? "SPUBLISH" : "PUBLISH", names.ofPubSub("x", NO_CHANNEL), ""],
    ...(isMaster ? [["CLUSTER", "NODES"] satisfies [string, string]] : []),
  ];
}

async function lackOf(name: string, answer: Promise<unknown>): Promise<string[]> {
  try {
    await answer;
    return [];
  } catch (error) {
    const { kind, mayBeDone, reason } = redisFault(error);
    if (mayBeDone) throw error; // no answer of the server
    // Other refusals, as those of a server without memory, concern the requests that they meet.
    return kind === "denied" ? [rightIn(reason, name)] : [];
  }
}

async function scriptLacks(link: RedisLink, names: RedisNames): Promise<string[]> {
  const keys = (["m", "s", "p"] as const).map((key) => names.ofChannel(key, NO_CHANNEL));
  const key = names.ofIdempotencyKey(NO_CHANNEL, new Uint8Array(0));
  const args = [names.ofPubSub("x", NO_CHANNEL)];
  const lacks: string[] = [];
  const run = async () => {
    const failed = (await link.run("rehearse", [...keys, key], args) as unknown[]).map(
      String,
    );
    for (let i = 0; i + 1 < failed.length; i += 2) {
      if (isDenied(failed[i + 1]!)) lacks.push(rightIn(failed[i + 1]!, failed[i]!));
    }
  };
  return [...await lackOf("EVALSHA", run()), ...lacks];
}

/** What is missing, by the text of the error. */
function rightIn(error: string, command: string): string {
  if (/\bchannels?\b/.test(error)) return "its publish/subscribe channels";
  return /\bkeys?\b/.test(error) ? "its keys" : command;
}

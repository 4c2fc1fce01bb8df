/**
 * Asks sentinels which server is the master.
 *
 * In: where the sentinels are, and the name of the master. Out: where it is, or an error that says why nobody knows. All are asked at the
 * same time, and the answers of more than half are enough. The one of the highest configuration epoch is believed: a sentinel that was
 * cut off from the others still names the old master.
 */
import { urlHost } from "../../../../protocol/basics.ts";
import { errorMessage } from "../../../error_message.ts";
import { closeRedis, enterRedis, type RedisAccess, redisClient } from "./redis_client.ts";
import { type HostAndPort, type SentinelPlace, tlsOf } from "./redis_address.ts";
import { isAnswer } from "./redis_faults.ts";

/** A master, as the sentinels know it. */
export interface Master extends HostAndPort {
  /** The number of the sentinels' decision: a later failover has a higher one. */
  readonly epoch: number;
}

/** How the sentinels are asked. */
export interface SentinelAccess extends RedisAccess {
  /** Milliseconds until a connection attempt or a question fails. */
  readonly timeoutMs: number;
}

type Redis = ReturnType<typeof redisClient>;

/** @throws {Error} if nobody knows; the message says why */
export async function findMaster(place: SentinelPlace, access: SentinelAccess): Promise<Master> {
  const { sentinels, name, tls } = place;
  const clients = sentinels.map(({ host, port }) => {
    const more = tls === undefined ? {} : { tls: tlsOf(host, tls.ca) };
    return redisClient({ host, port, ...more }, access.timeoutMs);
  });
  const answers: (Master | undefined)[] = [];
  const faults: SentinelFault[] = [];
  try {
    await new Promise<void>((resolve) => {
      let asked = clients.length;
      clients.forEach(async (client, i) => {
        const asking = new Question(client, addressOf(sentinels[i]!));
        try {
          answers.push(await asking.ask(name, access));
        } catch (error) {
          faults.push(asking.faultOf(error));
        }
        asked--;
        if (asked === 0 || answers.length > clients.length / 2) resolve();
      });
    });
  } finally {
    clients.forEach(closeRedis);
  }
  const known = answers.filter((answer) => answer !== undefined);
  if (known.length === 0) throw new Error(whyNobody(name, answers.length, faults));
  return known.reduce((best, each) => each.epoch > best.epoch ? each : best);
}

/** A host and a port, as an operator writes them. */
export function addressOf({ host, port }: HostAndPort): string {
  return `${urlHost(host)}:${port}`;
}

/** Why a sentinel gave no answer. */
interface SentinelFault {
  readonly text: string;
  /** It was reached. */
  readonly isRefusal: boolean;
}

/** A question to one sentinel. */
class Question {
  readonly #client: Redis;
  readonly #address: string;
  /** The client says of most faults only that the connection is closed. */
  #cause = "";

  constructor(client: Redis, address: string) {
    this.#client = client;
    this.#address = address;
    client.on("error", (error: Error) => this.#cause ||= error.message);
  }

  /** Where the master is; undefined: the sentinel does not know the name. */
  async ask(name: string, access: SentinelAccess): Promise<Master | undefined> {
    await enterRedis(this.#client, access);
    const ask = (command: string) => this.#client.call("SENTINEL", command, name);
    const found = await ask("GET-MASTER-ADDR-BY-NAME") as [string, string] | null;
    if (found === null) return undefined;
    const fields = await ask("MASTER") as string[];
    const epoch = Number(fields[fields.indexOf("config-epoch") + 1]);
    return { host: found[0], port: Number(found[1]), epoch };
  }

  faultOf(error: unknown): SentinelFault {
    const reason = errorMessage(error);
    return isAnswer(error)
      ? { text: `the sentinel ${this.#address} refuses: ${reason}`, isRefusal: true }
      : { text: `${this.#address}: ${this.#cause || reason}`, isRefusal: false };
  }
}

function whyNobody(name: string, answers: number, faults: readonly SentinelFault[]): string {
  if (answers > 0) {
    return `no sentinel knows a master with the name ${
      JSON.stringify(name)
    }: it is the part behind the slash of engine`;
  }
  const refusal = faults.find(({ isRefusal }) => isRefusal);
  return refusal?.text ??
    `no sentinel can be reached: ${faults.map(({ text }) => text).join("; ")}`;
}

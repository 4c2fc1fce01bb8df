/**
 * Measures the rows of `--engine`: publications a second of one of three servers, beside the client library alone and one server without an
 * engine; and the way of a publication from one server to the subscribers of another one.
 *
 * In: the options and the rows. Out: a {@link RunResult}, as that of the harness, so that the same tables are made of it. Called by
 * run.ts. In a row all contenders are up, and all but the one that has its turn are idle; each round begins with another one.
 */

import { libraryContender, serverContender } from "./engine_contenders.ts";
import type { EngineContender, EngineGroup } from "./engine_contenders.ts";
import { ENGINE_TITLES, type EngineRow, MEMORY } from "./engine_rows.ts";
import {
  EngineServers,
  type FoundPeer,
  type MeasuredEngine,
  startEngine,
} from "./engine_servers.ts";
import type { Entry, PeerStatus, Progress, RowResult, RunResult } from "./harness.ts";
import { findClient } from "./load_client.ts";
import type { BenchOptions } from "./options.ts";
import { earlierExecutable, type Peer, PEERS } from "./peers/mod.ts";
import { OURS } from "./ratio_table.ts";
import { type EngineName, isFanOutRow } from "./rows.ts";
import { summarize, type Turn } from "./statistics.ts";
import { findProgram, isMissing, type Missing, versionOf } from "./tools.ts";

/** For the estimate of the time: who has a turn in each row, without `--before`. */
export const ENGINE_CONTENDERS: readonly Pick<Peer, "does">[] = [
  { does: { publish: "", "fan-out": "" } },
  { does: { publish: "", "fan-out": "" } },
  { does: { publish: "" } },
];

/** The programs of async-deno: the executable if there is one, otherwise the source; and the earlier one. */
interface Programs {
  readonly ours: FoundPeer;
  readonly before: FoundPeer | undefined;
}

interface Running {
  readonly contender: EngineContender;
  readonly turns: Turn[];
  failure: string | undefined;
}

/** What has the rows of one engine. */
interface Stage {
  readonly engine: MeasuredEngine;
  readonly groups: readonly EngineGroup[];
  readonly alone: EngineGroup;
}

/** The measurement. */
export class EngineBench {
  readonly #options: BenchOptions;
  readonly #progress: Progress;
  readonly #statuses: PeerStatus[] = [];

  constructor(options: BenchOptions, progress: Progress) {
    this.#options = options;
    this.#progress = progress;
  }

  /** Measures every row. @throws {Error} if there is no async-deno */
  async run(rows: readonly EngineRow[]): Promise<RunResult> {
    const programs = await this.#programs();
    const results: RowResult[] = [];
    for (const name of ["redis", "nats"] as const) {
      const mine = rows.filter(({ engine }) => engine === name);
      if (mine.length === 0) continue;
      const missing = await this.#missingEngine(name);
      if (missing === undefined) results.push(...await this.#measureAll(name, mine, programs));
      else for (const row of mine) results.push(this.#done({ row, entries: [], missing }));
    }
    return { peers: this.#statuses, rows: results };
  }

  async #programs(): Promise<Programs> {
    let ours: FoundPeer | undefined;
    // The executable is behind the source.
    for (const peer of PEERS.filter(({ id }) => OURS.includes(id)).reverse()) {
      ours ??= await this.#find(peer);
    }
    if (ours === undefined) throw new Error("there is no async-deno: run deno task compile");
    const { before } = this.#options;
    const earlier = before === undefined ? undefined : await this.#find(earlierExecutable(before));
    return { ours, before: earlier };
  }

  async #find(peer: Peer): Promise<FoundPeer | undefined> {
    const found = await peer.find();
    this.#statuses.push({ peer: peer.id, found });
    return isMissing(found) ? undefined : { peer, found };
  }

  async #missingEngine(name: EngineName): Promise<Missing | undefined> {
    const server = `${name}-server`;
    const program = findProgram(server);
    const found = program === undefined
      ? { missing: server, install: `apt-get install ${server}` }
      : { program, version: await versionOf(program, "--version") };
    this.#statuses.push({ peer: server, found });
    return isMissing(found) ? found : undefined;
  }

  async #measureAll(
    name: EngineName,
    rows: readonly EngineRow[],
    { ours, before }: Programs,
  ): Promise<RowResult[]> {
    await using engine = await startEngine(name);
    await using servers = new EngineServers(engine.url, this.#options.workers);
    const title = ENGINE_TITLES[name];
    const sharing = async (program: FoundPeer, label: string): Promise<EngineGroup> => (
      { peer: program.peer.id, label, servers: await servers.sharing(program), engine }
    );
    const groups = [await sharing(ours, `one of three servers, ${title}`)];
    if (before !== undefined) groups.push(await sharing(before, `the same before, ${title}`));
    const single = [await servers.alone(ours)] as const;
    const alone = { peer: MEMORY, label: "one server, memory", servers: single, engine: undefined };
    const results: RowResult[] = [];
    for (const row of rows) {
      results.push(this.#done(await this.#measure(row, { engine, groups, alone })));
    }
    return results;
  }

  #done(result: RowResult): RowResult {
    this.#progress.row(result);
    return result;
  }

  async #measure(row: EngineRow, { engine, groups, alone }: Stage): Promise<RowResult> {
    const client = await findClient(row);
    if (typeof client !== "string") return { row, entries: [], missing: client };
    const contenders = [...groups, alone].map((group) => serverContender(group, row, client));
    if (!isFanOutRow(row)) contenders.push(await libraryContender(engine, row));
    const all = contenders.map((contender): Running => (
      { contender, turns: [], failure: undefined }
    ));
    try {
      const { warmup } = this.#options;
      if (warmup > 0) {
        for (const one of all) {
          await attempt(one, () => one.contender.warm(warmup));
        }
      }
      await this.#rounds(row, all);
    } finally {
      for (const { contender } of all) await contender.stop?.();
    }
    return { row, entries: all.map(entryOf), missing: undefined };
  }

  async #rounds(row: EngineRow, all: readonly Running[]): Promise<void> {
    const { rounds, seconds } = this.#options;
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < all.length; i++) {
        const one = all[(i + round) % all.length]!;
        if (one.failure !== undefined) continue;
        this.#progress.turn(row, one.contender.label, round);
        await attempt(one, async () => void one.turns.push(await one.contender.turn(seconds)));
      }
    }
  }
}

/** A failure is a part of the result, and ends the contender's turns. */
async function attempt(one: Running, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    one.failure = error instanceof Error ? error.message : String(error);
  }
}

function entryOf({ contender, turns, failure }: Running): Entry {
  const { peer, label } = contender;
  return {
    peer,
    label,
    turns,
    summary: turns.length === 0 ? undefined : summarize(turns),
    failure,
  };
}

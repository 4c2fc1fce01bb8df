/**
 * Runs the benchmark: rows, in each row rounds, in each round one turn per server.
 *
 * In: options, rows, peers. Out: a {@link RunResult}. Called by run.ts. All servers of a row are up at the
 * same time, and all but the one that has its turn are idle, so that slow changes of the machine affect
 * all equally; in a cold row each turn has a fresh server, the only one. Each round begins with another
 * server, so that none always follows the same one. Missing programs and failures are part of the result
 * and do not stop the run.
 */

import { type ChannelsWire, type Delivery, PROGRAM_WIRE } from "./channels_wire.ts";
import { findClient } from "./load_client.ts";
import type { BenchOptions } from "./options.ts";
import type { Found, Peer } from "./peers/mod.ts";
import { pacedRate } from "./pace.ts";
import { pinTo } from "./pin.ts";
import type { Row } from "./rows.ts";
import { checkSameWork } from "./same_work.ts";
import { freePort, ServerProcess } from "./server_process.ts";
import { summarize, type Summary, type Turn } from "./statistics.ts";
import { isMissing, type Missing } from "./tools.ts";
import { loadOnly, takeTurn, type TurnLoad } from "./turn.ts";

/** A server in a row. */
export interface Entry {
  readonly peer: string;
  readonly label: string;
  readonly turns: readonly Turn[];
  /** Undefined if there was no turn. */
  readonly summary: Summary | undefined;
  /** The reason if figures are missing. */
  readonly failure: string | undefined;
}

/** A row's figures. */
export interface RowResult {
  readonly row: Row;
  readonly entries: readonly Entry[];
  /** Requests or messages a second that each server got; undefined if the load had no rate. */
  readonly rate?: number | undefined;
  /** The client, if it is not installed: then there are no entries. */
  readonly missing: Missing | undefined;
}

/** Whether a peer was found. */
export interface PeerStatus {
  readonly peer: string;
  readonly found: Found | Missing;
}

/** The result of a run. */
export interface RunResult {
  readonly peers: readonly PeerStatus[];
  readonly rows: readonly RowResult[];
}

/** Callbacks of the harness during a run. */
export interface Progress {
  /** Called when a turn begins. */
  turn(row: Row, label: string, round: number): void;
  /** Called when a row is done. */
  row(result: RowResult): void;
}

interface Contender {
  readonly peer: Peer;
  readonly found: Found;
  readonly label: string;
  readonly turns: Turn[];
  server: ServerProcess | undefined;
  failure: string | undefined;
}

/** Runs `step` for a contender; a failure is recorded and removes it from the row. */
async function attempt(contender: Contender, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    contender.failure = error instanceof Error ? error.message : String(error);
    await contender.server?.stop();
    contender.server = undefined;
  }
}

/** One run of the benchmark. */
export class Harness {
  readonly #options: BenchOptions;
  readonly #page: Uint8Array;
  readonly #progress: Progress;

  /** @param page the bytes that every server must send for `GET /` */
  constructor(options: BenchOptions, page: Uint8Array, progress: Progress) {
    this.#options = options;
    this.#page = page;
    this.#progress = progress;
  }

  /** Measures every row. */
  async run(rows: readonly Row[], peers: readonly Peer[]): Promise<RunResult> {
    const statuses: PeerStatus[] = [];
    const present: { peer: Peer; found: Found }[] = [];
    for (const peer of peers) {
      const found = await peer.find();
      statuses.push({ peer: peer.id, found });
      if (!isMissing(found)) present.push({ peer, found });
    }
    const results: RowResult[] = [];
    for (const row of rows) {
      const result = await this.#measure(row, present);
      this.#progress.row(result);
      results.push(result);
    }
    return { peers: statuses, rows: results };
  }

  async #measure(row: Row, present: readonly { peer: Peer; found: Found }[]): Promise<RowResult> {
    const client = await findClient(row);
    if (typeof client !== "string") return { row, entries: [], missing: client };
    const contenders = present.flatMap(({ peer, found }): Contender[] => {
      const label = peer.does[row.work];
      if (label === undefined) return [];
      return [{ peer, found, label, turns: [], server: undefined, failure: undefined }];
    });
    let rate: number | undefined;
    try {
      if (row.load === "cold") await this.#measureCold(contenders, row, client);
      else rate = await this.#measureWarm(contenders, row, client);
    } finally {
      for (const contender of contenders) await contender.server?.stop();
    }
    return { row, entries: contenders.map(entryOf), rate, missing: undefined };
  }

  async #measureCold(contenders: readonly Contender[], row: Row, client: string): Promise<void> {
    const { seconds } = this.#options;
    await this.#rounds(contenders, row, async (contender) => {
      const server = await this.#start(contender, row);
      const turn = await takeTurn(server, row, {
        client,
        seconds,
        ...wireOf(contender.peer, row),
      });
      await checkSameWork(server.port, row, this.#page);
      contender.server = undefined;
      await server.stop();
      return turn;
    });
  }

  /** Returns the rate of the load, if it had one. */
  async #measureWarm(
    contenders: readonly Contender[],
    row: Row,
    client: string,
  ): Promise<number | undefined> {
    const { seconds, warmup } = this.#options;
    for (const contender of contenders) {
      await attempt(contender, async () => {
        const server = await this.#start(contender, row);
        await checkSameWork(server.port, row, this.#page);
        if (warmup > 0) {
          await loadOnly(server, row, {
            client,
            seconds: warmup,
            ...wireOf(contender.peer, row),
          });
        }
      });
    }
    const rate = row.load === "paced"
      ? await this.#halfRate(contenders, row, { client, seconds })
      : undefined;
    await this.#rounds(
      contenders,
      row,
      ({ server, peer }) => takeTurn(server!, row, { client, seconds, rate, ...wireOf(peer, row) }),
    );
    return rate;
  }

  async #start(contender: Contender, row: Row): Promise<ServerProcess> {
    const port = freePort();
    const { work, workers, connections } = row;
    const place = { port, workers, work, connections };
    const launch = await contender.peer.launch(contender.found, place);
    const placed = pinTo("server", row.placement, launch);
    contender.server = await ServerProcess.start(placed, port, work);
    return contender.server;
  }

  /** Saturates each server once; undefined if none answered, so that none is left to measure. */
  async #halfRate(
    contenders: readonly Contender[],
    row: Row,
    load: TurnLoad,
  ): Promise<number | undefined> {
    const saturation = new Map<string, number>();
    for (const contender of contenders) {
      const { server, peer } = contender;
      if (server === undefined) continue;
      await attempt(contender, async () => {
        saturation.set(peer.id, (await loadOnly(server, row, load)).rate);
      });
    }
    return pacedRate(saturation);
  }

  async #rounds(
    contenders: readonly Contender[],
    row: Row,
    turn: (contender: Contender) => Promise<Turn>,
  ): Promise<void> {
    for (let round = 0; round < this.#options.rounds; round++) {
      for (let i = 0; i < contenders.length; i++) {
        const contender = contenders[(i + round) % contenders.length]!;
        if (contender.failure !== undefined) continue;
        this.#progress.turn(row, contender.label, round);
        await attempt(contender, async () => {
          contender.turns.push(await turn(contender));
        });
      }
    }
  }
}

function entryOf({ peer, label, turns, failure }: Contender): Entry {
  const summary = turns.length === 0 ? undefined : summarize(turns);
  return { peer: peer.id, label, turns, summary, failure };
}

/** An app subscribes and publishes as our programs for the peers do. */
function wireOf(
  peer: Peer,
  row: Row,
): { wire: ChannelsWire | undefined; delivery: Delivery | undefined } {
  const wire = row.work === "app-fan-out" ? PROGRAM_WIRE : peer.channels;
  return { wire, delivery: peer.delivery };
}

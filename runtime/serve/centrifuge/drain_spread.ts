/**
 * Ends the clients of a worker with 3001 when the server stops, spread over some time.
 *
 * In: clients, as the sessions learn of the stop. Out: the end of each; see `Spread`.
 */

import { DISCONNECTS } from "../../../protocol/centrifuge/mod.ts";
import { Spread, type SpreadLoop } from "../../net/mod.ts";

/** A client, as far as it is needed here. */
export interface Drainable {
  readonly isClosed: boolean;
  disconnect(reason: typeof DISCONNECTS.SHUTDOWN): void;
}

/** The clients of one worker that are to end. */
export class DrainSpread extends Spread<Drainable> {
  /** @param time milliseconds between the first and the last, nearly */
  constructor(loop: SpreadLoop, time: number) {
    super(loop, time, (client) => {
      if (client.isClosed) return false;
      client.disconnect(DISCONNECTS.SHUTDOWN);
      return true;
    });
  }
}

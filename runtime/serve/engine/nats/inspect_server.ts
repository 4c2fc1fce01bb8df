/**
 * Looks at the server once, for --check: connects, looks at the streams, and closes. Changes nothing.
 *
 * In: what a driver is made with. Out: what was found.
 */
import type { EngineInspection } from "../driver.ts";
import type { NatsDriverOptions } from "./nats_driver.ts";
import { connectionFault, natsFault } from "./nats_faults.ts";
import { NatsLink } from "./nats_link.ts";
import { NatsNames } from "./names.ts";
import { type AskJetStream, ensureStreams } from "./streams.ts";

/** Looks at the server. */
export async function inspectServer(options: NatsDriverOptions): Promise<EngineInspection> {
  let link: NatsLink | undefined;
  let lost: string | undefined;
  try {
    link = await NatsLink.open(options, { message: () => {}, lost: (reason) => lost = reason });
    const names = new NatsNames(options.prefix);
    const opened = link;
    const ask: AskJetStream = (...request) => opened.ask(...request);
    await ask("INFO");
    const { warning } = await ensureStreams(ask, names, { isLook: true });
    return { text: `${link.program} with JetStream`, warning };
  } catch (error) {
    const reason = lost ?? (link?.cause || natsFault(error).reason);
    return { text: "", fault: connectionFault(reason) };
  } finally {
    link?.close();
  }
}

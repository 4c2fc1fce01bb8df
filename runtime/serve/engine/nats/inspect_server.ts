/**
 * Looks at the server once, for --check: connects, looks at the streams, and closes. Changes nothing.
 *
 * In: what a driver is made with. Out: what was found.
 */
import type { EngineInspection } from "../driver.ts";
import type { NatsDriverOptions } from "./nats_driver.ts";
import { connectionPlaces, type NatsPlace } from "./nats_address.ts";
import { connectionFault, natsFault } from "./nats_faults.ts";
import { NatsLink } from "./nats_link.ts";
import { NatsNames } from "./names.ts";
import { type AskJetStream, ensureStreams } from "./streams.ts";

/** Looks at the server. */
export async function inspectServer(options: NatsDriverOptions): Promise<EngineInspection> {
  const places = connectionPlaces(options);
  const found = await Promise.all(
    places.map((place) => inspectPlace(options, place, places.length > 1)),
  );
  const usable = found.find(({ fault }) => fault === undefined) ?? found[0]!;
  const faults = found.flatMap(({ fault }, i) => fault ? [`${places[i]!.place}: ${fault}`] : []);
  if (usable.fault !== undefined || faults.length === 0) {
    return faults.length > 1 ? { text: "", fault: faults.join("; ") } : usable;
  }
  const warnings = [usable.warning ?? [], ...faults].flat();
  return { ...usable, warning: warnings.join("; ") };
}

async function inspectPlace(
  options: NatsDriverOptions,
  place: NatsPlace,
  isOneOfSeveral: boolean,
): Promise<EngineInspection> {
  let link: NatsLink | undefined;
  let lost: string | undefined;
  try {
    link = await NatsLink.open(options, place, {
      isOneOfSeveral,
      message: () => {},
      lost: (reason) => lost = reason,
    });
    const names = new NatsNames(options.prefix);
    const opened = link;
    const ask: AskJetStream = (...request) => opened.ask(...request);
    await ask("INFO");
    const { warning } = await ensureStreams(ask, names, {
      isLook: true,
      isCluster: link.isCluster,
    });
    const where = link.isCluster ? ", in a cluster" : "";
    return { text: `${link.program} with JetStream${where}`, warning };
  } catch (error) {
    const reason = lost ?? (link?.cause || natsFault(error).reason);
    return { text: "", fault: connectionFault(reason) };
  } finally {
    link?.close();
  }
}

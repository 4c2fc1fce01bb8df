/**
 * Histories that are longer than what anybody can recover, or than the memory of the channels, and publications that are.
 *
 * In: the config. Out: a warning for each namespace of which that is known at the start. What is published decides the rest: metrics
 * count what gave way before its time (`channel_store_evicted_total`), and recoveries that were too long (`channel_limit_exceeded_total`).
 */

import type { ChannelOptions, Config } from "../../config/mod.ts";

/** What the store needs for 64 bytes of data, with the record around them: see runtime/channels/README.md. */
const SMALL_BYTES = 64;
const SMALL_STORED_BYTES = 112;
/** The store takes a part of its memory in one piece: a little more than this one, for the publication with its fields. */
const LONGEST_PART = 66;
const MEBIBYTE = 1024 * 1024;

/** The warnings. */
export function historyBounds(
  { channels, channelLimits: limits, engine }: Pick<
    Config,
    "channels" | "channelLimits" | "engine"
  >,
): string[] {
  if (channels === undefined) return [];
  // An engine keeps the histories, and this server copies of them.
  const isKeptHere = channels.engine === undefined && engine === undefined;
  const places: readonly (readonly [string, ChannelOptions])[] = [
    ["[channels]", channels.options],
    ...Object.entries(channels.namespaces).map(([name, options]) =>
      [`[channels.namespaces.${name}]`, options] as const
    ),
  ];
  const warnings: string[] = [];
  const recovers = places.filter(([_, options]) => canRecover(options));
  for (const [place, { historySize }] of recovers) {
    if (historySize <= limits.historyPublications) continue;
    warnings.push(
      `${place} history_size = ${historySize}: a client recovers at most ${limits.historyPublications} publications; ` +
        "if it missed more, it is told that they are lost; see --max-recovery and --max-recovery-size",
    );
  }
  const longest = Math.floor(limits.memoryBytes / LONGEST_PART);
  if (limits.publicationBytes > longest) {
    warnings.push(
      `--max-publication is ${limits.publicationBytes} bytes, and --channels-memory has room for about ` +
        `${longest} in one publication: a longer one is answered with error 107; ` +
        `--channels-memory must be ${LONGEST_PART} times --max-publication`,
    );
  }
  if (recovers.length > 0 && limits.publicationBytes > limits.historyBytes) {
    warnings.push(
      `--max-publication is more than --max-recovery-size, ${limits.historyBytes} bytes: ` +
        "a publication of more than that is lost to every client that comes back",
    );
  }
  for (const [place, { historySize }] of isKeptHere ? places : []) {
    const bytes = historySize * SMALL_STORED_BYTES;
    if (bytes <= limits.memoryBytes) continue;
    warnings.push(
      `${place} history_size = ${historySize}: so many publications of ${SMALL_BYTES} bytes take ` +
        `${Math.round(bytes / MEBIBYTE)} MiB, and --channels-memory is ${
          (limits.memoryBytes / MEBIBYTE).toFixed(0)
        } MiB: the oldest ones go when it is full`,
    );
  }
  return warnings;
}

function canRecover({ historySize, allowRecovery, forceRecovery }: ChannelOptions): boolean {
  return historySize > 0 && (allowRecovery || forceRecovery);
}

/**
 * The streams of one installation: made at the start of a link, or compared with what they have to be.
 *
 * In: a way to ask JetStream. Out: streams that can be used; an error that says what is wrong. What the operator has set, as bounds
 * and the kind of the storage, stays.
 */
import { KEEP_CHANNEL_MS, KEEP_KEY_MS } from "../kept_times.ts";
import { JetStreamError } from "./nats_faults.ts";
import type { NatsNames } from "./names.ts";

/** How long a node lives that does not renew its lease. */
export const LEASE_MS = 10_000;
const NO_STREAM = 10059;

/** What a stream is made with; times are in nanoseconds. */
interface StreamConfig {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly storage: "file" | "memory";
  readonly discard: "new" | "old";
  readonly max_age: number;
  readonly max_msgs_per_subject: number;
  readonly duplicate_window: number;
  readonly allow_direct: boolean;
  readonly republish?: { readonly src: string; readonly dest: string };
}

/** Asks JetStream. @throws {JetStreamError} */
export type AskJetStream = (request: string, body?: unknown) => Promise<unknown>;

/**
 * Makes what is missing.
 *
 * @param isLook makes nothing: what is missing is as it would be made
 * @returns the time in which the channels' records are kept, in milliseconds, and what may lose data
 */
export async function ensureStreams(
  ask: AskJetStream,
  names: NatsNames,
  { isLook = false }: { readonly isLook?: boolean } = {},
): Promise<{ readonly keepMs: number; readonly warning: string | undefined }> {
  const all = configsOf(names).map((config) => ensure(ask, config, isLook));
  const [channels] = await Promise.all(all);
  const { max_age, storage, name } = channels!;
  const warning = storage === "memory"
    ? `the stream ${name} is in memory: a restart of nats-server loses all channels`
    : undefined;
  return { keepMs: max_age === 0 ? Infinity : max_age / 1e6, warning };
}

/** Keeps the channels' records so long. */
export async function keepLonger(
  ask: AskJetStream,
  names: NatsNames,
  milliseconds: number,
): Promise<void> {
  const name = names.stream("channels");
  const { config } = await ask(`STREAM.INFO.${name}`) as { config: StreamConfig };
  if (config.max_age === 0 || config.max_age / 1e6 >= milliseconds) return;
  await ask(`STREAM.UPDATE.${name}`, { ...config, max_age: nanoseconds(milliseconds) });
}

async function ensure(
  ask: AskJetStream,
  wanted: StreamConfig,
  isLook: boolean,
): Promise<StreamConfig> {
  let found;
  try {
    found = await ask(`STREAM.INFO.${wanted.name}`);
  } catch (error) {
    if (!(error instanceof JetStreamError) || error.code !== NO_STREAM) throw error;
    if (isLook) return wanted;
    found = await ask(`STREAM.CREATE.${wanted.name}`, { ...wanted, retention: "limits" });
  }
  const { config } = found as { config: StreamConfig };
  const fault = differenceOf(config, wanted);
  if (fault === undefined) return config;
  throw new Error(
    `the stream ${wanted.name} has another ${fault} than it needs: remove the stream, or choose another engine_prefix`,
  );
}

/** What the operator may not have changed. */
function differenceOf(config: StreamConfig, wanted: StreamConfig): string | undefined {
  const same = (["subjects", "republish", "max_msgs_per_subject", "discard"] as const).find((key) =>
    JSON.stringify(config[key]) !== JSON.stringify(wanted[key])
  );
  if (same !== undefined) return same;
  if (config.allow_direct !== true) return "allow_direct";
  if (config.duplicate_window < wanted.duplicate_window) return "duplicate_window";
  const isShort = config.max_age !== 0 && config.max_age < wanted.max_age;
  const isLease = wanted.max_age === nanoseconds(LEASE_MS);
  return isShort || (isLease && config.max_age !== wanted.max_age) ? "max_age" : undefined;
}

function configsOf(names: NatsNames): StreamConfig[] {
  const { root } = names;
  const common = { storage: "file", allow_direct: true } as const;
  return [{
    ...common,
    name: names.stream("channels"),
    subjects: [`${root}.c.*`],
    // A publication is refused if there is no room: with "old" the newest record of a quiet channel would go.
    discard: "new",
    max_age: nanoseconds(KEEP_CHANNEL_MS),
    max_msgs_per_subject: -1,
    duplicate_window: nanoseconds(KEEP_KEY_MS),
    republish: { src: `${root}.c.*`, dest: `${root}.d.{{wildcard(1)}}` },
  }, {
    ...common,
    name: names.stream("members"),
    subjects: [`${root}.p.>`, `${root}.n.*`],
    discard: "old",
    max_age: 0,
    max_msgs_per_subject: 1,
    duplicate_window: nanoseconds(LEASE_MS),
  }, {
    ...common,
    name: names.stream("leases"),
    subjects: [`${root}.l.*`, `${root}.y.*`],
    discard: "old",
    max_age: nanoseconds(LEASE_MS),
    max_msgs_per_subject: 1,
    duplicate_window: nanoseconds(LEASE_MS),
    republish: { src: `${root}.y.*`, dest: `${root}.z.{{wildcard(1)}}` },
  }];
}

function nanoseconds(milliseconds: number): number {
  return milliseconds * 1e6;
}

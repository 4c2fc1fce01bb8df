/**
 * The streams of one installation: made at the start of a link, or compared with what they have to be.
 *
 * In: a way to ask JetStream. Out: streams that can be used; an error that says what is wrong. What the operator has set, as bounds
 * and the kind of the storage, stays.
 */
import { KEEP_CHANNEL_MS, KEEP_KEY_MS } from "../kept_times.ts";
import { JetStreamError } from "./nats_faults.ts";
import type { NatsNames } from "./names.ts";

/** With which a stream is made in a cluster: one of the servers may fail. */
const REPLICAS = 3;
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
  readonly num_replicas?: number;
  readonly republish?: { readonly src: string; readonly dest: string };
}

/** Asks JetStream. @throws {JetStreamError} */
export type AskJetStream = (request: string, body?: unknown) => Promise<unknown>;

/** What a stream says about itself. */
interface StreamInfo {
  readonly config: StreamConfig;
  readonly created: string;
  readonly cluster?: { readonly leader?: string };
}

/** What a link is to know of the stream of the channels. */
export interface StreamFacts {
  /** Another one if the stream was made again. */
  readonly life: string;
  /** The server that leads it; empty without a cluster. */
  readonly leader: string;
}

/** The streams, as they were found or made. */
export interface FoundStreams extends StreamFacts {
  /** The time in which the channels' records are kept, in milliseconds. */
  readonly keepMs: number;
  /** What may lose data, or stop the channels. */
  readonly warning: string | undefined;
}

/** Asks for what changes. @throws {JetStreamError} */
export async function streamFacts(ask: AskJetStream, names: NatsNames): Promise<StreamFacts> {
  return factsOf(await ask(`STREAM.INFO.${names.stream("channels")}`) as StreamInfo);
}

/** What has been done to the stream of the channels since it was looked at; undefined: nothing that matters. @throws {JetStreamError} */
export async function changeOfStream(
  ask: AskJetStream,
  names: NatsNames,
  life: string,
): Promise<string | undefined> {
  const { config, created } = await ask(`STREAM.INFO.${names.stream("channels")}`) as StreamInfo;
  if (created !== life) return "was deleted, and made again";
  const fault = differenceOf(config, configsOf(names)[0]!);
  return fault && `has another ${fault} now`;
}

/**
 * Makes what is missing.
 *
 * @param isLook makes nothing: what is missing is as it would be made
 */
export async function ensureStreams(
  ask: AskJetStream,
  names: NatsNames,
  { isLook = false, isCluster }: { readonly isLook?: boolean; readonly isCluster: boolean },
): Promise<FoundStreams> {
  const wanted = isCluster
    ? [...configsOf(names), keysOf(names)].map((each) => ({ ...each, num_replicas: REPLICAS }))
    : configsOf(names);
  const all = await Promise.all(wanted.map((config) => ensure(ask, config, isLook)));
  const [channels] = all;
  const { max_age } = channels!.config;
  const keepMs = max_age === 0 ? Infinity : max_age / 1e6;
  const warning = warningOf(all.map(({ config }) => config), isCluster);
  return { ...factsOf(channels!), keepMs, warning };
}

function factsOf({ created, cluster }: StreamInfo): StreamFacts {
  return { life: created, leader: cluster?.leader ?? "" };
}

function warningOf(all: readonly StreamConfig[], isCluster: boolean): string | undefined {
  const [{ storage, name }] = all as [StreamConfig];
  if (storage === "memory" && !isCluster) {
    return `the stream ${name} is in memory: a restart of nats-server loses all channels`;
  }
  const single = isCluster
    ? all.find(({ num_replicas = 1 }) => num_replicas < REPLICAS)
    : undefined;
  return single && `the stream ${single.name} has fewer than ${REPLICAS} replicas: ` +
      "channels may stop, or lose data, if one server of the cluster fails";
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
): Promise<StreamInfo> {
  let found;
  try {
    found = await ask(`STREAM.INFO.${wanted.name}`);
  } catch (error) {
    if (!(error instanceof JetStreamError) || error.code !== NO_STREAM) throw error;
    if (isLook) return { config: wanted, created: "" };
    found = await ask(`STREAM.CREATE.${wanted.name}`, { ...wanted, retention: "limits" });
  }
  const info = found as StreamInfo;
  const fault = differenceOf(info.config, wanted);
  if (fault === undefined) return info;
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

/** In a cluster, where idempotency keys cannot be ids of messages. */
function keysOf(names: NatsNames): StreamConfig {
  return {
    ...{ name: names.stream("keys"), subjects: [`${names.root}.k.>`], storage: "file" },
    ...{ discard: "old", max_age: nanoseconds(KEEP_KEY_MS), max_msgs_per_subject: 1 },
    ...{ duplicate_window: nanoseconds(LEASE_MS), allow_direct: true },
  };
}

function nanoseconds(milliseconds: number): number {
  return milliseconds * 1e6;
}

/**
 * The section `pusher` of the configuration file: `[pusher.apps.NAME]` for each app of the Pusher protocol.
 *
 * In: the section as TOML or JSON has it, and the config of channels. Out: the same config with the apps, each of which has a namespace
 * of its name, with the options of `[channels.namespaces.NAME]` if there are any; a fault for everything that is wrong. Opens no file.
 */

import {
  CHANNEL_OPTIONS,
  type ChannelOptions,
  type ChannelsConfig,
  PUSHER_APP,
  type PusherAppConfig,
} from "../../config/mod.ts";
import { isTable, TableReader } from "./table_reader.ts";
import { readSecret } from "./token_section.ts";
import { readWebhooks } from "./webhook_tables.ts";

/** As of a namespace. */
const NAME = /^[-a-zA-Z0-9_.]{2,100}$/;
/** What stands in a path as it is. */
const IDENTIFIER = /^[-a-zA-Z0-9_]{1,64}$/;
const EVENT = /^(?!pusher(?:_internal)?:).{1,200}$/;
const MAX_EVENTS = 10_000;
const LEAST_ACTIVITY = 5_000;
const MOST_ACTIVITY = 600_000;

/** Where faults go, and what the apps are a part of. */
interface PusherSectionParts {
  /** Gets a line for each fault. */
  readonly faults: string[];
  readonly channels: ChannelsConfig;
}

/** Reads the section. */
export function readPusherSection(
  path: string,
  section: Readonly<Record<string, unknown>>,
  { faults, channels }: PusherSectionParts,
): ChannelsConfig {
  const top = new TableReader({ path, name: "pusher", table: section, faults });
  const tables = Object.entries(top.table("apps", "a table for each app, [pusher.apps.NAME]"));
  top.end();
  if (tables.length === 0) top.fault("there is no app: write a table [pusher.apps.NAME]");
  const apps = tables.flatMap(([name, table]) => {
    if (!isTable(table)) top.fault(`apps.${name} must be a table`);
    if (!isTable(table)) return [];
    return readApp(name, new TableReader({ path, name: `pusher.apps.${name}`, table, faults }));
  });
  for (const field of ["id", "key"] as const) {
    const twice = apps.find((app, i) => apps.findIndex((one) => one[field] === app[field]) !== i);
    if (twice !== undefined) top.fault(`two apps have the ${field} "${twice[field]}"`);
  }
  const own = apps.map(({ name }): [string, ChannelOptions] => [name, CHANNEL_OPTIONS]);
  const namespaces = { ...Object.fromEntries(own), ...channels.namespaces };
  return { ...channels, namespaces, pusher: apps };
}

function readApp(name: string, reader: TableReader): readonly PusherAppConfig[] {
  const [id, key] = [readIdentifier(reader, "id"), readIdentifier(reader, "key")];
  const secret = readSecret(reader, "secret");
  if (secret === undefined && !reader.has("secret")) {
    reader.fault("secret_file or secret_variable is missing: where the secret of the app is");
  }
  const clientEvents = reader.flag("client_events");
  const perSecond = reader.integer("client_events_per_second", MAX_EVENTS);
  const activity = reader.time("activity_timeout");
  const event = reader.text("event") ?? PUSHER_APP.event;
  const webhooks = readWebhooks(reader, clientEvents);
  if (!NAME.test(name)) {
    reader.fault("the name of an app has two or more of the characters a-z A-Z 0-9 - _ .");
  }
  if (reader.has("client_events_per_second") && perSecond === 0) {
    reader.fault("client_events_per_second must be at least 1; client_events = false refuses all");
  }
  if (reader.has("client_events_per_second") && !clientEvents) {
    reader.fault("client_events_per_second has no effect without client_events = true");
  }
  const isActivity = activity >= LEAST_ACTIVITY && activity <= MOST_ACTIVITY;
  if (reader.has("activity_timeout") && !isActivity) {
    reader.fault('activity_timeout must be from "5s" to "10m"');
  }
  if (!EVENT.test(event)) {
    reader.fault("event must have at most 200 characters, and not begin with pusher:");
  }
  reader.end();
  if (id === undefined || key === undefined || secret === undefined) return [];
  return [{
    ...{ name, id, key, secret, clientEvents, event, webhooks },
    clientEventsPerSecond: perSecond || PUSHER_APP.clientEventsPerSecond,
    activityTime: activity || PUSHER_APP.activityTime,
  }];
}

function readIdentifier(reader: TableReader, key: string): string | undefined {
  const value = reader.text(key);
  if (value === undefined) {
    if (!reader.has(key)) reader.fault(`${key} is missing`);
    return undefined;
  }
  if (IDENTIFIER.test(value)) return value;
  reader.fault(`${key} must be 1 to 64 of the characters a-z A-Z 0-9 - _`);
  return undefined;
}

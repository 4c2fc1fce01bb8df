/**
 * The section `channels` of the configuration file, as a whole.
 *
 * In: the section as TOML or JSON has it. Out: the config of channels, and one line for everything that is wrong
 * with it. `[channels]` itself has the options of channels without a namespace; `[channels.namespaces.NAME]` those of
 * a namespace; `[channels.token]` and `[channels.api]` keys; `[channels.proxy]` a backend. Reads no other file.
 */

import type { ChannelOptions, ChannelProxyEvent, ChannelsConfig } from "../../config/mod.ts";
import { readChannelOptions } from "./channel_options.ts";
import { readEngineOptions } from "./engine_options.ts";
import { readProxySection, refuseWithoutEndpoint } from "./proxy_section.ts";
import { isTable, TableReader } from "./table_reader.ts";
import { readSecret, readTokenSection } from "./token_section.ts";

/** Centrifugo's rule; a name of one letter is most likely a mistake. */
const NAMESPACE = /^[-a-zA-Z0-9_.]{2,}$/;

/** The config of channels; only to be used if there are no faults. */
export interface ChannelsSection {
  readonly config: ChannelsConfig;
  /** One line for each fault. */
  readonly faults: readonly string[];
}

/** Reads the section. */
export function readChannelsSection(
  path: string,
  section: Readonly<Record<string, unknown>>,
  engineUrl?: string,
): ChannelsSection {
  const faults: string[] = [];
  const readerOf = (name: string, table: Readonly<Record<string, unknown>>) =>
    new TableReader({ path, name, table, faults });
  const top = readerOf("channels", section);
  const options = readChannelOptions(top);
  const allowAnonymousConnect = top.flag("allow_anonymous_connect_without_token");
  const engine = readEngineOptions(top, engineUrl);
  const tokenTable = readerOf("channels.token", top.table("token"));
  const token = readTokenSection(tokenTable);
  const api = readerOf("channels.api", top.table("api"));
  const apiKey = readSecret(api, "key");
  const proxyValue = top.table("proxy");
  // What is no table has a fault already.
  const proxyTable = top.has("proxy") && !top.isWrong("proxy") ? proxyValue : undefined;
  const hasEndpoint = (event: ChannelProxyEvent) =>
    top.isWrong("proxy") || proxyTable?.[`${event}_endpoint`] !== undefined;
  refuseWithoutEndpoint(top, options, hasEndpoint);
  const namespaces = namespaceTables(top).map(([name, table]): [string, ChannelOptions] => {
    const reader = readerOf(`channels.namespaces.${name}`, table);
    const its = readChannelOptions(reader);
    if (!NAMESPACE.test(name)) {
      reader.fault("a namespace's name has at least two of the characters a-z A-Z 0-9 - _ .");
    }
    refuseWithoutEndpoint(reader, its, hasEndpoint);
    reader.end();
    return [name, its];
  });
  const all = [options, ...namespaces.map(([_, its]) => its)];
  const proxy = proxyTable && readProxySection(readerOf("channels.proxy", proxyTable), all);
  for (const reader of [top, tokenTable, api]) reader.end();
  const config = {
    options,
    namespaces: Object.fromEntries(namespaces),
    allowAnonymousConnect,
    token,
    apiKey,
    ...(engine === undefined ? {} : { engine }),
    ...(proxy === undefined ? {} : { proxy }),
  };
  return { config, faults };
}

/** The tables of the namespaces, each with its name. */
function namespaceTables(top: TableReader): [string, Readonly<Record<string, unknown>>][] {
  // Centrifugo has a list of tables with a name in each.
  const all = top.table("namespaces", "a table for each namespace, [channels.namespaces.NAME]");
  return Object.entries(all).filter((entry): entry is [string, Record<string, unknown>] => {
    const [name, table] = entry;
    if (!isTable(table)) top.fault(`namespaces.${name} must be a table`);
    return isTable(table);
  });
}

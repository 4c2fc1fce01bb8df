/**
 * The app: the operator's own file of handlers. The defaults and their reasons are in runtime/config/app.ts.
 */

import { APP, APP_RIGHTS, type AppConfig, type AppGrant } from "../../config/mod.ts";
import { nearest } from "../../spelling/mod.ts";
import { UsageError } from "../usage_error.ts";
import {
  type Accessor,
  type Codec,
  flagSwitch,
  list,
  number,
  type Option,
  TEXT,
  text,
} from "./option.ts";

const GROUP = "App";
const A_DAY = 86_400;
const AN_HOUR = 3_600;
const TEBIBYTE = 1024 ** 4;

/** The option that the others of this group need. */
const FILE: Option = text({
  flag: "app",
  group: GROUP,
  value: "FILE",
  names: "file",
  help: "run this file of handlers, JavaScript or TypeScript, in every worker: docs/app.md",
}, {
  get: (config) => config.app?.file,
  set: (config, value) => void (config.app = { ...config.app ?? APP, file: value! }),
}, TEXT);

/** The options of the app that SIGHUP reloads, besides the file's contents. */
export const RELOADED_APP_OPTIONS: readonly Option[] = [
  text(
    {
      flag: "app-path",
      group: GROUP,
      value: "PATTERN",
      help: "ask the app for matching paths alone, as '/api/**'",
    },
    ofApp("path"),
    TEXT,
  ),
  number({
    flag: "app-timeout",
    group: GROUP,
    value: "TIME",
    range: [0, A_DAY],
    help: "time for the app to answer a request; then 504; 0: no limit",
  }, ofApp("timeout")),
];

/** Rights that have no value: a part of them would be all of them. */
const WHOLE: readonly AppGrant["right"][] = ["all", "sys"];

/** A host with or without a port, as Deno takes it: else the worker's start would fail, and name no option. */
function isHost(value: string): boolean {
  const found = /^(?:\[[\da-f:.]+\]|[^\s:/[\]]+)(?::(\d+))?$/i.exec(value);
  return found !== null && Number(found[1] ?? 0) <= 65_535;
}

/** `RIGHT=VALUE`, or `RIGHT` alone. */
const GRANT: Codec<AppGrant> = {
  parse: (text, name) => {
    const [, word = "", value] = /^([^=]*)(?:=(.*))?$/s.exec(TEXT.parse(text, name)) ?? [];
    const right = APP_RIGHTS.find((each) => each === word);
    const isPart = right !== undefined && !WHOLE.includes(right);
    if (right !== undefined && (value === undefined || isPart && value !== "")) {
      if (right === "net" && value !== undefined && !isHost(value)) {
        throw new UsageError(
          `${name}: "${value}" is no host, as localhost, 10.0.0.1 or [::1], with or without a port`,
        );
      }
      return { right, value };
    }
    const meant = right === undefined ? nearest(word, APP_RIGHTS) : undefined;
    const hint = meant === undefined ? "" : `: did you mean ${meant}?`;
    throw new UsageError(
      `${name} must be read=DIR, write=DIR, net=HOST, env=NAME, sys or all, not "${text}"${hint}`,
    );
  },
  show: ({ right, value }) => value === undefined ? right : `${right}=${value}`,
};

/** Several may be given at once, separated by commas. */
const ALLOW: Option = list(
  {
    flag: "app-allow",
    group: GROUP,
    value: "RIGHT=VALUE",
    help: "what the app may do, as read=DIR,write=DIR,net=HOST:PORT,env=NAME,sys, or all",
    defaultText: "read its own folder",
  },
  ofApp("allow"),
  GRANT,
);

/** The options of this group. */
export const APP_OPTIONS: readonly Option[] = [
  FILE,
  ...RELOADED_APP_OPTIONS,
  {
    ...ALLOW,
    apply: (config, values, name) =>
      ALLOW.apply(config, values.flatMap((value) => value.split(",")), name),
  },
  number({
    flag: "app-start-timeout",
    group: GROUP,
    value: "TIME",
    range: [1, AN_HOUR],
    help: "time for the app's start(); then the server does not start, or keeps the old copy",
  }, ofApp("startTimeout")),
  number({
    flag: "app-memory",
    group: GROUP,
    value: "SIZE",
    range: [0, TEBIBYTE],
    help:
      "heap and buffers of the app in one worker; above it, the worker is replaced; 0: no limit",
  }, ofApp("memory")),
  flagSwitch({
    flag: "watch",
    group: GROUP,
    help: "load the app again when a file of it changes; connections stay",
  }, ofApp("watch")),
];

/** Without an app the section is not there, and has its defaults. */
function ofApp<K extends keyof AppConfig>(key: K): Accessor<AppConfig[K]> {
  return {
    get: (config) => (config.app ?? APP)[key],
    set: (config, value) => void (config.app = { ...config.app ?? APP, [key]: value }),
  };
}

/**
 * Which built-in endpoints are enabled, which users have access, and whether WebSockets are compressed.
 */

import { ENDPOINT_NAMES, type EndpointName, type UserSource } from "../../config/mod.ts";
import { UsageError } from "../usage_error.ts";
import { choices, type Codec, flagSwitch, list, type Option } from "./option.ts";

/** `USER:FILE`; RFC 7617 section 2 allows no colon in a user name. */
const USER: Codec<UserSource> = {
  parse: (text, name) => {
    const colon = text.indexOf(":");
    const [user, file] = [text.slice(0, colon), text.slice(colon + 1)];
    if (colon > 0 && file !== "") return { user, file };
    throw new UsageError(
      `${name} must be USER:FILE, as alice:/etc/async-deno/passwords, not "${text}"`,
    );
  },
  show: ({ user, file }) => `${user}:${file}`,
};

const ENDPOINTS: readonly string[] = ENDPOINT_NAMES;
/** The word for no endpoint at all. */
const NONE = "none";

const SOME: Option = choices<EndpointName>(
  {
    flag: "endpoints",
    group: "Endpoints",
    value: "NAME,…|none",
    choices: ENDPOINT_NAMES,
    help:
      "built-in endpoints to enable: the terminal, /ws, /echo, /healthz, and the demo chat at /demo/",
    defaultText: "all but demo",
  },
  {
    get: (config) => config.endpoints,
    set: (config, value) => void (config.endpoints = value),
  },
);

/** What others call our endpoints. */
const SYNONYMS: Readonly<Record<string, EndpointName>> = {
  terminal: "term",
  websocket: "ws",
  healthz: "health",
  chat: "demo",
};

/** What a wrong list most likely means; undefined: the error of a word says enough. */
function endpointsHint(values: readonly string[]): string | undefined {
  const words = values.flatMap((value) => value.split(",")).map((word) => word.trim());
  if (words.length > 1 && words.includes(NONE)) {
    return `"${NONE}" stands alone: leave it out, what is not named is off`;
  }
  const known = (word: string) => Object.hasOwn(SYNONYMS, word) || ENDPOINTS.includes(word);
  if (!words.every(known) || !words.some((word) => Object.hasOwn(SYNONYMS, word))) return undefined;
  return `did you mean ${words.map((word) => SYNONYMS[word] ?? word).join(",")}?`;
}

/** The options of this group. */
export const ENDPOINT_OPTIONS: readonly Option[] = [
  {
    ...SOME,
    choices: [...ENDPOINT_NAMES, NONE],
    valuesOf: (config) => config.endpoints.length === 0 ? [NONE] : SOME.valuesOf(config),
    apply: (config, values, name) => {
      if (values.length === 1 && values[0] === NONE) {
        config.endpoints = [];
        return;
      }
      const hint = endpointsHint(values);
      if (hint === undefined) return SOME.apply(config, values, name);
      throw new UsageError(
        `${name} must be some of ${ENDPOINTS.join(", ")}, or ${NONE}, not "${
          values.join(",")
        }": ${hint}`,
      );
    },
  },
  list(
    {
      flag: "basic-auth",
      group: "Endpoints",
      value: "USER:FILE",
      help: "require a user name and password for everything but /healthz; see hash-password",
      defaultText: "no password",
    },
    { get: (config) => config.users, set: (config, value) => void (config.users = value) },
    USER,
  ),
  flagSwitch(
    {
      flag: "websocket-compression",
      group: "Endpoints",
      help: "compress WebSocket messages for clients that offer permessage-deflate",
    },
    {
      get: (config) => config.websocketCompression,
      set: (config, value) => void (config.websocketCompression = value),
    },
  ),
];

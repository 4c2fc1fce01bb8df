/**
 * Which of the server's own endpoints answer, and who may ask.
 */

import { ENDPOINT_NAMES, type EndpointName } from "../../config/mod.ts";
import { choices, type Option } from "./option.ts";

/** No endpoint at all. */
const NONE = "none";

const SOME: Option = choices<EndpointName>(
  {
    flag: "endpoints",
    group: "Endpoints",
    value: "NAME,…|none",
    choices: ENDPOINT_NAMES,
    help: "those that answer: the terminal, /ws, /echo, /healthz",
  },
  {
    get: (config) => config.endpoints,
    set: (config, value) => void (config.endpoints = value),
  },
);

/** The options of this group. */
export const ENDPOINT_OPTIONS: readonly Option[] = [{
  ...SOME,
  choices: [...ENDPOINT_NAMES, NONE],
  valuesOf: (config) => config.endpoints.length === 0 ? [NONE] : SOME.valuesOf(config),
  apply: (config, values, name) => {
    if (values.length === 1 && values[0] === NONE) config.endpoints = [];
    else SOME.apply(config, values, name);
  },
}];

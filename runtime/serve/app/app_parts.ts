/**
 * Takes the parts of an app from what its file exports.
 *
 * In: the exports of the file. Out: the parts that there are, or an error that says what was most likely meant. Asks for no other name: the
 * routers of some libraries answer every name with a function.
 */

import { nearest } from "../../spelling/mod.ts";
import type { AppModule } from "./app_module.ts";
import type { Exports } from "./module_runner.ts";

export type { AppModule } from "./app_module.ts";

/** An app's file that runs, and exports something else than an app. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";

  /** @param path the file */
  constructor(path: string, reason: string) {
    super(`${path}: ${reason}`);
  }
}

/** The kinds of the parts. */
const PARTS: Readonly<Record<keyof AppModule, "function" | "object">> = {
  fetch: "function",
  websocket: "object",
  channels: "object",
  start: "function",
  stop: "function",
  scheduled: "object",
  error: "function",
};

/** Of Bun's options, those that have another place here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  port: "the argument PORT",
  hostname: "the argument IP",
  unix: "--unix",
  tls: "--tls-cert and --tls-key",
  maxRequestBodySize: "--max-body",
  idleTimeout: "--idle-timeout",
};

/** Of Bun's options, those that would change answers. */
const UNSUPPORTED: readonly string[] = ["routes", "static"];

/** The functions of the parts that are objects. */
const FUNCTIONS: Readonly<Record<string, readonly string[]>> = {
  websocket: ["open", "message", "close", "drain", "ping", "pong", "move", "moved"],
  channels: [
    "connect",
    "refresh",
    "subscribe",
    "subRefresh",
    "publish",
    "rpc",
    "message",
    "disconnect",
  ],
};

const EXAMPLE = 'export default { fetch(request) { return new Response("hello") } }';

/** The parts, each with the object as its `this`. @throws {ShapeError} */
export function appParts(
  exports: Exports,
  path: string,
): { readonly module: AppModule; readonly warnings: readonly string[] } {
  const app = defaultOf(exports, path);
  const names = Object.keys(PARTS).filter((name) => name in app && app[name] !== undefined);
  if (names.length === 0) throw new ShapeError(path, withoutParts(app));
  const warnings: string[] = [];
  const module: Record<string, unknown> = {};
  for (const name of names) {
    const value = app[name];
    const wanted = PARTS[name as keyof AppModule];
    if (typeof value === wanted && value !== null) {
      module[name] = typeof value === "function" ? value.bind(app) : value;
    } else if (name === "scheduled") {
      // A function for Cloudflare, whose calls have no counterpart here.
      warnings.push("its scheduled is not used: here it is an object, { every, run }");
    } else {
      throw new ShapeError(
        path,
        `its ${name} must be ${withArticle(wanted)}, not ${kindOf(value)}`,
      );
    }
  }
  return {
    module,
    warnings: [...warnings, ...unusedOptions(app), ...unusedFunctions(module)].map((text) =>
      `${path}: ${text}`
    ),
  };
}

function defaultOf(exports: Exports, path: string): Record<string, unknown> {
  const app = exports["default"];
  if (app === undefined) {
    const named = Object.keys(exports).filter((name) => name in PARTS);
    const hint = named.length === 0
      ? `end the file with: ${EXAMPLE}`
      : `it exports ${named.join(", ")} by name: export default { ${named.join(", ")} }`;
    throw new ShapeError(path, `it has no default export; ${hint}`);
  }
  if (typeof app === "function" && !("fetch" in app)) {
    throw new ShapeError(
      path,
      "its default export is a function; export default { fetch: … } instead",
    );
  }
  if ((typeof app !== "object" && typeof app !== "function") || app === null) {
    throw new ShapeError(
      path,
      `its default export is ${kindOf(app)} and no object, as in: ${EXAMPLE}`,
    );
  }
  return app as Record<string, unknown>;
}

function withoutParts(app: object): string {
  const known = Object.keys(PARTS);
  const own = Object.keys(app);
  const meant = own.map((name) => [name, nearest(name, known)] as const)
    .find(([, near]) => near !== undefined);
  const list = `an app has some of: ${known.join(", ")}`;
  if (meant !== undefined) {
    return `its default export has no part of an app, but ${meant[0]}; did you mean ${meant[1]}?`;
  }
  const what = own.length === 0 ? "nothing" : own.join(", ");
  return `its default export has no part of an app, but ${what}; ${list}`;
}

function unusedOptions(app: Record<string, unknown>): string[] {
  const own = Object.keys(app);
  return [
    ...Object.entries(ELSEWHERE).filter(([name]) => own.includes(name))
      .map(([name, place]) => `its ${name} is not used: see ${place}`),
    ...UNSUPPORTED.filter((name) =>
      own.includes(name) && typeof app[name] === "object" && !Array.isArray(app[name])
    )
      .map((name) => `its ${name} is not supported: answer these paths in fetch`),
  ];
}

/** Functions that nothing calls: most likely they are misspelled. */
function unusedFunctions(module: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(FUNCTIONS).flatMap(([part, known]) =>
    Object.entries(module[part] ?? {})
      .filter(([name, value]) => typeof value === "function" && !known.includes(name))
      .map(([name]) => {
        const meant = nearest(name, known);
        const hint = meant === undefined ? `it has ${known.join(", ")}` : `did you mean ${meant}?`;
        return `its ${part}.${name} is never called; ${hint}`;
      })
  );
}

function withArticle(kind: string): string {
  return kind === "object" ? "an object" : "a function";
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

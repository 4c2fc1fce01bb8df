/**
 * Runs the modules of an app in this thread, as functions: dependencies first, each once, cycles and `await` at the top level included.
 *
 * In: the transformed files. Out: what the app's file exports, or the error that one of them threw. A new runner runs all modules afresh, and
 * what an old one ran is garbage when nothing refers to it: Deno's own modules stay for ever. Stacks name the app's files and lines, because
 * a function is compiled under the name of its file.
 */

import { createRequire, isBuiltin } from "node:module";
import { compileFunction } from "node:vm";
import { dirname } from "@std/path/posix/dirname";
import { toFileUrl } from "@std/path/posix/to-file-url";
import { noteAppFile } from "../../observe/log/mod.ts";
import {
  type AppFile,
  type AppImport,
  type AppSource,
  RUNNER_NAMES as NAMES,
} from "../../thread/mod.ts";
import type { FurtherFiles } from "../app_source/mod.ts";
import { appTimers } from "./app_timers.ts";
import { moduleMeta } from "./module_meta.ts";

/** What a module exports, by name; `__esModule` says that it is a module and not the value of a CommonJS one. */
export type Exports = Record<string, unknown>;

/** What a module is compiled to. */
type Body = (this: unknown, ...args: unknown[]) => unknown;

/** What the body of a module gets. `exports` is for sucrase, which marks it as a module's. */
const MODULE_PARAMETERS: readonly string[] = [
  "exports",
  NAMES.exports,
  NAMES.star,
  NAMES.require,
  NAMES.import,
  NAMES.meta,
  NAMES.plain,
  ...Object.keys(appTimers.functions),
];
const COMMON_PARAMETERS: readonly string[] = [
  "exports",
  "require",
  "module",
  "__filename",
  "__dirname",
];

/** A module that runs, or that one of those that run imports. */
interface Running {
  readonly exports: Exports;
  /** Fulfilled when it has run; null: it has not begun. */
  done: Promise<void> | null;
  /** The module whose end it waits for. */
  waitsFor: Running | undefined;
}

/** One `import()`, or the start: the modules that wait for the one that runs, the first one outermost. */
interface Chain {
  readonly importers: readonly Running[];
  /** Modules of other chains that were not waited for, as they wait for one of this: it ends when they have run. */
  readonly skipped: Set<Running>;
}

/** A CommonJS module. */
interface CommonModule {
  exports: unknown;
  readonly id: string;
  readonly filename: string;
  loaded: boolean;
}

/** Runs one copy of an app. */
export class ModuleRunner {
  /** The file whose top level runs now, for what has to be said if that does not end. */
  current: string;
  readonly #files: Map<string, AppFile>;
  readonly #loadFurther: () => Promise<FurtherFiles>;
  readonly #running = new Map<string, Running>();
  readonly #common = new Map<string, CommonModule>();
  readonly #builtins = new Map<string, Exports>();
  /** There if a name may be computed. */
  #further: FurtherFiles | undefined;

  /** @param loadFurther loads what reads further files; called only if it is needed */
  constructor(source: AppSource, loadFurther: () => Promise<FurtherFiles>) {
    this.#files = new Map(source.files);
    this.#loadFurther = loadFurther;
    this.current = source.entry;
  }

  /** Runs a module, unless it has run, and everything that it imports. */
  async run(id: string): Promise<Exports> {
    const skipped = new Set<Running>();
    const exports = await this.#run(id, { importers: [], skipped });
    for (const module of skipped) await module.done;
    return exports;
  }

  async #run(id: string, chain: Chain): Promise<Exports> {
    if (!id.startsWith("/")) return await this.#builtin(id);
    const { importers, skipped } = chain;
    const module = this.#moduleOf(id);
    if (module.done === null) {
      const inner = { importers: [...importers, module], skipped };
      module.done = this.#evaluate(id, module.exports, inner);
    } else if (importers.includes(module)) {
      return module.exports;
    } else if (isAwaited(module, importers)) {
      skipped.add(module);
      return module.exports;
    }
    await this.#wait(module, importers);
    return module.exports;
  }

  #moduleOf(id: string): Running {
    let module = this.#running.get(id);
    if (module === undefined) {
      this.#running.set(id, module = { exports: newExports(), done: null, waitsFor: undefined });
    }
    return module;
  }

  async #wait(module: Running, importers: readonly Running[]): Promise<void> {
    const importer = importers.at(-1);
    if (importer !== undefined) importer.waitsFor = module;
    try {
      await module.done;
    } finally {
      if (importer !== undefined) importer.waitsFor = undefined;
    }
  }

  async #evaluate(id: string, exports: Exports, chain: Chain): Promise<void> {
    const file = this.#file(id);
    const { path } = file;
    this.current = path;
    if (file.kind === "json") return void defineAll(exports, { default: JSON.parse(file.code) });
    if (file.kind === "cjs") {
      await this.#prepareRequire(file, chain);
      return void defineAll(exports, namesOf(this.#require(id)));
    }
    const imported = new Map<string, Exports>();
    for (const { specifier, target } of file.imports) {
      const isFile = target.startsWith("/");
      imported.set(
        specifier,
        isFile ? this.#moduleOf(target).exports : await this.#builtin(target),
      );
    }
    const body = this.#compile(file, MODULE_PARAMETERS)(
      exports,
      (getters: Exports) => defineGetters(exports, getters),
      (its: Exports) => defineStar(exports, its),
      (specifier: string) => imported.get(specifier),
      (specifier: string) => this.#import(file, String(specifier)),
      moduleMeta(id, (specifier) => this.#files.get(id)?.later[specifier]),
      (value: unknown) => value,
      ...Object.values(appTimers.functions),
    ) as AsyncGenerator<void>;
    // Up to its first statement: in a cycle, others may call its functions from now on.
    await body.next();
    for (const each of file.imports) {
      const its = await this.#run(each.target, chain);
      if (!isUnfinished(this.#running.get(each.target), chain)) expectNames(path, each, its);
    }
    this.current = path;
    await body.next();
  }

  #file(id: string): AppFile {
    const file = this.#files.get(id);
    if (file === undefined) throw new Error(`${id} was not read`);
    return file;
  }

  /** The file's function, whose body is in its first line, so that all lines keep their numbers. */
  #compile({ path, kind, code }: AppFile, parameters: readonly string[]): Body {
    const body = kind === "esm" ? `"use strict";return (async function*(){${code}\n})()` : code;
    try {
      const filename = toFileUrl(path).href;
      noteAppFile(filename, path);
      return compileFunction(body, parameters, { filename }) as unknown as Body;
    } catch (error) {
      if (error instanceof SyntaxError) throw new AppSyntaxError(path, body, error);
      throw error;
    }
  }

  /** `import(specifier)`. */
  async #import({ path, later }: AppFile, specifier: string): Promise<Exports> {
    const known = later[specifier];
    if (known !== undefined && (!known.startsWith("/") || this.#files.has(known))) {
      return await this.run(known);
    }
    const further = this.#further ??= await this.#loadFurther();
    const target = further.resolve(specifier, path, "import");
    if (target.startsWith("/")) further.read(this.#files, target);
    return await this.run(target);
  }

  async #builtin(specifier: string): Promise<Exports> {
    const known = this.#builtins.get(specifier);
    if (known !== undefined) return known;
    const all: Exports = await import(specifier);
    // Its function of that name is the thread's, which refuses; the export would be Deno's: app_guard.ts.
    const isProcess = specifier === "node:process";
    const its = isProcess ? { ...all, abort: Reflect.get(all["default"] as object, "abort") } : all;
    const exports = defineAll(newExports(), its);
    this.#builtins.set(specifier, exports);
    return exports;
  }

  /** A CommonJS module requires at once, so what it and its own may require has to be there. */
  async #prepareRequire(file: AppFile, chain: Chain, seen = new Set<string>()): Promise<void> {
    if (seen.has(file.path)) return;
    seen.add(file.path);
    if (file.computes === true) this.#further ??= await this.#loadFurther();
    for (const target of Object.values(file.later)) {
      const its = this.#files.get(target);
      if (its?.kind === "cjs") await this.#prepareRequire(its, chain, seen);
      else if (its?.kind === "esm") await this.#run(target, chain);
    }
  }

  /** `require` of a file: runs it, unless it has run. */
  #require(id: string): unknown {
    const known = this.#common.get(id);
    if (known !== undefined) return known.exports;
    const file = this.#file(id);
    const { path } = file;
    if (file.kind === "json") return this.#requireJson(id, file);
    if (file.kind === "esm") {
      const running = this.#running.get(id);
      if (running !== undefined && running.done !== null) return running.exports;
      throw new Error(`require() of the module ${path}, which has not run: use import()`);
    }
    const module: CommonModule = { exports: {}, id: path, filename: path, loaded: false };
    this.#common.set(id, module);
    const require = this.#requireOf(file);
    try {
      const run = this.#compile(file, COMMON_PARAMETERS);
      run.call(module.exports, module.exports, require, module, path, dirname(path));
    } catch (error) {
      this.#common.delete(id);
      throw error;
    }
    module.loaded = true;
    return module.exports;
  }

  /** As in Node, the same value each time. */
  #requireJson(id: string, { path, code }: AppFile): unknown {
    const exports: unknown = JSON.parse(code);
    this.#common.set(id, { exports, id: path, filename: path, loaded: true });
    return exports;
  }

  /** Reads a file whose name is computed. */
  #computed(specifier: string, path: string): string {
    try {
      if (this.#further === undefined) throw new Error("it has no computed names");
      const target = this.#further.resolve(specifier, path, "require");
      this.#further.read(this.#files, target);
      return target;
    } catch (cause) {
      const message = `Cannot find module '${specifier}', required by ${path}`;
      throw Object.assign(new Error(message, { cause }), { code: "MODULE_NOT_FOUND" });
    }
  }

  #requireOf({ path, later }: AppFile): (specifier: string) => unknown {
    const own = createRequire(path);
    return Object.assign((specifier: string) => {
      const target = later[specifier];
      if (target?.startsWith("/")) return this.#require(target);
      if (isBuiltin(specifier)) return own(specifier);
      return this.#require(this.#computed(specifier, path));
    }, { resolve: own.resolve, cache: {} });
  }
}

/** JavaScript that V8 refuses, though the transformation took it. */
export class AppSyntaxError extends Error {
  /** @param body what was compiled */
  constructor(readonly path: string, readonly body: string, override readonly cause: SyntaxError) {
    super(cause.message);
  }
}

/** A name that a module imports, and that the other one does not export. */
export class MissingExportError extends Error {
  /** The names that there are, in `names`. */
  constructor(
    readonly path: string,
    readonly statement: AppImport,
    readonly missing: string,
    readonly names: readonly string[],
  ) {
    super(`${path}:${statement.line}: "${statement.specifier}" has no export "${missing}"`);
  }
}

/** Whether a module waits, directly or by others, for one of these: to wait for it would never end. */
function isAwaited(module: Running, importers: readonly Running[]): boolean {
  for (let next = module.waitsFor; next !== undefined; next = next.waitsFor) {
    if (importers.includes(next)) return true;
  }
  return false;
}

function isUnfinished(module: Running | undefined, { importers, skipped }: Chain): boolean {
  return module !== undefined && (importers.includes(module) || skipped.has(module));
}

function expectNames(path: string, statement: AppImport, exports: Exports): void {
  const missing = statement.names.find((name) => !(name in exports));
  if (missing === undefined) return;
  throw new MissingExportError(path, statement, missing, Object.keys(exports));
}

function newExports(): Exports {
  // What Object.create(null) makes is a hash table for V8: an imported name would cost 20 ns each time it is used, in place of 2.
  const exports: Exports = Object.setPrototypeOf({}, null);
  return Object.defineProperty(exports, "__esModule", { value: true });
}

/** The exports of a CommonJS module, as Node has them: the default is the whole. */
function namesOf(value: unknown): Exports {
  const isObject = typeof value === "object" || typeof value === "function";
  const names = isObject && value !== null ? Object.keys(value) : [];
  const exports = Object.defineProperty({}, "default", { value, enumerable: true }) as Exports;
  for (const name of names) {
    if (name === "default") continue;
    Object.defineProperty(exports, name, {
      get: () => (value as Exports)[name], // may throw, for who asks for it
      enumerable: true,
    });
  }
  return exports;
}

function defineAll(exports: Exports, values: Exports): Exports {
  for (const name of Object.keys(values)) {
    if (name === "__esModule") continue; // transpiled CommonJS has it too
    const { get, value } = Object.getOwnPropertyDescriptor(values, name) ?? {};
    Object.defineProperty(
      exports,
      name,
      get ? { get, enumerable: true } : { value, enumerable: true },
    );
  }
  return exports;
}

function defineGetters(exports: Exports, getters: Exports): void {
  for (const [name, get] of Object.entries(getters)) {
    Object.defineProperty(exports, name, { get: get as () => unknown, enumerable: true });
  }
}

/** `export * from`: what the module exports itself goes first. */
function defineStar(exports: Exports, its: Exports): void {
  for (const name of Object.keys(its)) {
    if (name === "default" || name in exports) continue;
    Object.defineProperty(exports, name, { get: () => its[name], enumerable: true });
  }
}

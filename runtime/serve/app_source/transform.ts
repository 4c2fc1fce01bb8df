/**
 * Turns a file of an app into JavaScript that a worker runs as the body of a function.
 *
 * In: a path and its text. Out: the code, in which each line is where it was, and what it imports. Types are removed by amaro, which Node
 * has for this, JSX and imports by sucrase; neither checks types. Why functions and no modules: the executable cannot import TypeScript, the modules that a file imports would never
 * be fresh after a reload, and Deno keeps every module that was ever imported.
 */

import { compileFunction } from "node:vm";
import { type Options, transform } from "sucrase";
import { errorMessage } from "../../error_message.ts";
import { RUNNER_NAMES as NAMES } from "../../thread/mod.ts";
import { decoratorLine } from "./decorators.ts";
import { moduleSyntaxOf, placeholder, type WrittenImport } from "./module_syntax.ts";
import { packageOf } from "./package_file.ts";
import { stripTypes } from "./strip_types.ts";
import { SourceError, type SourcePlace } from "./source_error.ts";

/** A transformed file. */
export interface Transformed {
  readonly kind: "esm" | "cjs" | "json";
  readonly code: string;
  readonly imports: readonly WrittenImport[];
  /** What `import("…")` and `require("…")` name. */
  readonly later: readonly string[];
  /** Whether it may `require` a name that it computes. */
  readonly computes?: boolean;
}

const SHARED: Options = {
  transforms: [],
  disableESTransforms: true,
  preserveDynamicImport: true,
  production: true,
};

const DECORATORS = "decorators are not supported: bundle the app with a tool that compiles them";

const TYPED = /\.[cm]?tsx?$/;
const WITH_JSX = /\.[jt]sx$/;

/** Whether it is TypeScript, for which the stripper has to be loaded. */
export function hasTypes(path: string): boolean {
  return TYPED.test(path);
}

/** Transforms it. @throws {SourceError} */
export function transformFile(path: string, text: string): Transformed {
  if (path.endsWith(".json")) return json(path, text);
  const plain = withoutTypes(path, text);
  if (isCommonJs(path)) return commonJs(plain);
  const syntax = analysed(path, plain);
  // As in Node: without any syntax of modules it is none, unless it awaits at its top.
  if (syntax === undefined || (!syntax.isModule && !saysModule(path) && isScript(plain))) {
    return commonJs(plain);
  }
  const code = transformed(path, syntax.text, { ...SHARED, transforms: ["imports"] });
  const { imports, dynamic: later, specifiers } = syntax;
  return { kind: "esm", code: calls(code, specifiers), imports, later };
}

function json(path: string, text: string): Transformed {
  try {
    JSON.parse(text);
  } catch (error) {
    throw new SourceError({ path }, `is not valid JSON: ${errorMessage(error)}`);
  }
  return { kind: "json", code: text, imports: [], later: [] };
}

function withoutTypes(path: string, text: string): string {
  const isTyped = hasTypes(path);
  const line = isTyped ? decoratorLine(text) : undefined;
  if (line !== undefined) throw new SourceError({ path, line }, DECORATORS);
  // The first line of a program may name what runs it.
  const program = isTyped ? stripTypes(path, text.replace(/^#!.*/, "")) : text.replace(/^#!.*/, "");
  // Without types left, that of TypeScript removes the imports that only types used.
  const transforms: Options["transforms"] = [
    ...isTyped ? ["typescript" as const] : [],
    ...WITH_JSX.test(path) ? ["jsx" as const] : [],
  ];
  if (transforms.length === 0) return program;
  const source = /@jsxImportSource\s+(\S+)/.exec(text)?.[1];
  return transformed(path, program, {
    ...SHARED,
    transforms,
    jsxRuntime: "automatic",
    ...source === undefined ? {} : { jsxImportSource: source },
  });
}

function transformed(path: string, text: string, options: Options): string {
  try {
    return transform(text, { ...options, filePath: path }).code;
  } catch (error) {
    throw syntaxError(path, error);
  }
}

/** Undefined: the lexer does not understand it, and it can be no module, as an old package's script. */
function analysed(path: string, text: string) {
  try {
    return moduleSyntaxOf(text);
  } catch (error) {
    if (!saysModule(path) && !/^\s*(?:import|export)\b/m.test(text)) return undefined;
    // It says where it stopped; what is wrong there, sucrase may know.
    transformed(path, text, { ...SHARED, transforms: ["imports"] });
    throw syntaxError(path, error);
  }
}

/** The errors of sucrase have `loc`, those of the lexer end with `:1:30`. */
function syntaxError(path: string, error: unknown): SourceError {
  if (!(error instanceof Error)) throw error;
  const { loc } = error as { loc?: { line: number; column: number } };
  const [, line, column] = /:(\d+):(\d+)$/.exec(error.message) ?? [];
  const place: SourcePlace = {
    path,
    line: loc?.line ?? (line === undefined ? undefined : Number(line)),
    column: loc?.column ?? (column === undefined ? undefined : Number(column)),
  };
  const reason = error.message.replace(/^Error transforming .*?: /, "")
    .replace(/ \(\d+:\d+\)$/, "").replace(/ @:\d+:\d+$/, "");
  return new SourceError(place, `syntax error: ${reason}`);
}

function isCommonJs(path: string): boolean {
  return /\.c[jt]s$/.test(path);
}

/** Whether V8 takes it as the body of a function that is not asynchronous, as CommonJS modules are. */
function isScript(text: string): boolean {
  try {
    compileFunction(text);
    return true;
  } catch {
    return false;
  }
}

function saysModule(path: string): boolean {
  return /\.m[jt]sx?$/.test(path) || packageOf(path)?.json["type"] === "module";
}

const REQUIRE = /\brequire\(\s*(["'`])([^"'`$\n]+)\1\s*\)/g;
const ANY_REQUIRE = /\brequire\s*\(/g;

function commonJs(code: string): Transformed {
  const later = [...code.matchAll(REQUIRE)].map(([, , specifier]) => specifier!);
  const computes = [...code.matchAll(ANY_REQUIRE)].length > later.length;
  return { kind: "cjs", code, imports: [], later, computes };
}

const IMPORTED = new RegExp(`\\brequire\\((["'])${placeholder("(\\d+)")}\\1\\)`, "g");
const CALLED = new RegExp(
  `(_${placeholder("\\d+")}\\.[\\p{ID_Continue}$]+)\\.call\\(void 0, `,
  "gu",
);

/** sucrase calls an imported function by its `call`, which proxies may not have, and names `require` what may be the app's own. */
function calls(code: string, specifiers: readonly (string | undefined)[]): string {
  return code
    .replaceAll(IMPORTED, (whole, _quote, number) => {
      const specifier = specifiers[Number(number)];
      return specifier === undefined ? whole : `${NAMES.require}(${JSON.stringify(specifier)})`;
    })
    .replaceAll(CALLED, `${NAMES.plain}($1)(`);
}

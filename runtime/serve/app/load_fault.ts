/**
 * Says why an app cannot be loaded, with the file and the line.
 *
 * In: what was thrown while its modules ran. Out: one line for the operator.
 */

import { appPlace, errorText, withOwnAdvice } from "../../observe/log/mod.ts";
import { nearest } from "../../spelling/mod.ts";
import type { AppSource } from "../../thread/mod.ts";
import { ShapeError } from "./app_parts.ts";
import { AppSyntaxError, MissingExportError } from "./module_runner.ts";

/** The reason. */
export async function loadFault(error: unknown, source: AppSource): Promise<string> {
  if (error instanceof ShapeError) return error.message;
  if (error instanceof MissingExportError) return missingExport(error);
  if (error instanceof AppSyntaxError) {
    return `${error.path}${await placeOf(error)}: syntax error: ${error.message}`;
  }
  // Of a file that is read later, by a computed import().
  if (error instanceof Error && error.name === "SourceError") return error.message;
  const text = `it throws when it is loaded: ${errorText(error)}`;
  return `${appPlace(error) ?? source.entry}: ${withOwnAdvice(text)}${advice(error)}`;
}

/**
 * Why a function of the app has failed, with the file and the line.
 *
 * @param what the function
 * @param entry the path of the app's file
 */
export function callFault(error: unknown, what: string, entry: string): string {
  return `${appPlace(error) ?? entry}: ${what} has thrown: ${withOwnAdvice(errorText(error))}`;
}

/** Names of a module that are listed, at most. */
const LISTED = 10;

function missingExport({ message, missing, names }: MissingExportError): string {
  const meant = names.length === 0 ? undefined : nearest(missing, names);
  if (meant !== undefined) return `${message}; did you mean ${meant}?`;
  if (names.length === 0) return `${message}: it exports nothing`;
  const more = names.length > LISTED ? ", …" : "";
  return `${message}; it exports ${names.slice(0, LISTED).join(", ")}${more}`;
}

/** V8 says where the error is only for modules, so the same text is tried as one; it does not run, as it is wrong. */
async function placeOf({ body }: AppSyntaxError): Promise<string> {
  try {
    await import(`data:text/javascript,${encodeURIComponent(`(async()=>{${body}\n})`)}`);
  } catch (error) {
    const [, line] = /:(\d+):\d+$/m.exec(error instanceof Error ? error.message : "") ?? [];
    if (line !== undefined) return `:${line}`;
  }
  return "";
}

function advice(error: unknown): string {
  if (!(error instanceof ReferenceError)) return "";
  const [, name] = /^(\w+) is not defined$/.exec(error.message) ?? [];
  switch (name) {
    case "Bun":
      return "; Bun's own functions exist in Bun alone: what is given to Bun.serve is the default export of an app";
    case "require":
    case "module":
    case "__dirname":
    case "__filename":
      return `; a module has no ${name}: use import, import.meta.dirname or import.meta.filename`;
    default:
      return "";
  }
}

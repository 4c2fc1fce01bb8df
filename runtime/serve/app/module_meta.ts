/**
 * `import.meta` of a module of an app: what Deno, Node and Bun have in common, and Bun's own names.
 *
 * In: the module's id. Out: an object.
 */

import { dirname } from "@std/path/posix/dirname";
import { basename } from "@std/path/posix/basename";
import { toFileUrl } from "@std/path/posix/to-file-url";
import { partsOfModule } from "../../thread/mod.ts";

/**
 * @param id the id of the module
 * @param known the id that a specifier names, if it was found when the app was read
 */
export function moduleMeta(
  id: string,
  known: (specifier: string) => string | undefined,
): Readonly<Record<string, unknown>> {
  const [path] = partsOfModule(id);
  const url = urlOf(id);
  return {
    url,
    filename: path,
    dirname: dirname(path),
    path,
    dir: dirname(path),
    file: basename(path),
    // The app is served; it is not the program.
    main: false,
    resolve: (specifier: string) => {
      const target = known(specifier);
      if (target === undefined) return new URL(specifier, url).href;
      return target.startsWith("/") ? urlOf(target) : target;
    },
  };
}

function urlOf(id: string): string {
  const [path, query] = partsOfModule(id);
  return toFileUrl(path).href + query;
}

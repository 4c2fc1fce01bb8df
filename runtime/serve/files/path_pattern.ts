/**
 * Patterns over paths, as options have them: `*.js`, `/assets/**`, `/index.html`.
 *
 * In: a glob that the operator wrote. Out: a test for paths, which are decoded and without doubled
 * slashes. Made once for each rule; asked once for each version of a file, not for each request. The
 * glob itself is @std/path's: `*` stays within a name, `**` crosses names, `?` is any one character,
 * `{a,b}` and `[a-z]` are there too.
 */

import { globToRegExp } from "@std/path/glob-to-regexp";

/**
 * The test that a pattern stands for. Without a slash it is one for names, in whatever folder: `*.js`.
 * With one it is for whole paths from the root, whether it begins with the slash or not: `/a/*.js`.
 */
export function pathPattern(pattern: string): (path: string) => boolean {
  const named = !pattern.includes("/");
  const expression = globToRegExp(named || pattern.startsWith("/") ? pattern : `/${pattern}`);
  return (path) => expression.test(named ? path.slice(path.lastIndexOf("/") + 1) : path);
}

/**
 * Patterns over paths, as used in options: `*.js`, `/assets/**`, `/index.html`.
 *
 * In: a glob that the operator wrote. Out: a test for paths, which are decoded and have no repeated
 * slashes. Made once for each rule; called once for each version of a file, not for each request. The
 * globs are those of @std/path: `*` matches within a name, `**` across names, `?` one character; `{a,b}`
 * and `[a-z]` work too.
 */

import { globToRegExp } from "@std/path/glob-to-regexp";

/**
 * The test for a pattern. A pattern without a slash matches names, in any folder: `*.js`. A pattern with a
 * slash matches whole paths from the root, whether it begins with the slash or not: `/a/*.js`.
 */
export function pathPattern(pattern: string): (path: string) => boolean {
  const named = !pattern.includes("/");
  const expression = globToRegExp(named || pattern.startsWith("/") ? pattern : `/${pattern}`);
  return (path) => expression.test(named ? path.slice(path.lastIndexOf("/") + 1) : path);
}

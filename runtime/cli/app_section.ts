/**
 * The section `app` of a configuration file: the options of the app without their prefix.
 *
 * In: the section, as `[app] file = "app.ts", path = "/api/**"`. Out: the same as keys at the top of the file: app, app-path.
 * A text `app = "app.ts"` at the top is the option itself, and no section.
 */

import type { FlatEntry } from "./tls_section.ts";

/** Keys whose option does not have the prefix. */
const NAMES: Readonly<Record<string, string>> = { file: "app", watch: "watch" };

/** The entries of the section. */
export function flattenAppSection(section: Readonly<Record<string, unknown>>): FlatEntry[] {
  return Object.entries(section).map(([key, value]) => [NAMES[key] ?? `app-${key}`, value]);
}

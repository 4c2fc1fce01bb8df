/**
 * The colours of a style sheet, by colour scheme.
 *
 * In: CSS whose :root rules define colours as #rrggbb. Out: the colours by name, first the dark ones, then the light ones;
 * a later definition wins, as in a browser.
 */

const LIGHT = /@media \(prefers-color-scheme: light\) \{\s*:root \{[^}]*\}\s*\}/g;
const COLOUR = /--([\w-]+): (#[0-9a-f]{6});/g;

/** The colours of the dark and of the light scheme: what each defines by itself. */
export function colourSchemes(
  css: string,
): [dark: Map<string, string>, light: Map<string, string>] {
  return [coloursOf(css.replace(LIGHT, "")), coloursOf((css.match(LIGHT) ?? []).join(""))];
}

function coloursOf(css: string): Map<string, string> {
  return new Map([...css.matchAll(COLOUR)].map(([, name, value]) => [name!, value!]));
}

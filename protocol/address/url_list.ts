/**
 * Splits a list of URLs, as `redis://a:6379,redis://b:6379`. A comma that no scheme follows is a part of its URL.
 *
 * In: the text. Out: the texts of the URLs, which may be none. Pure.
 */

const BETWEEN = /,(?=[a-z][a-z\d+.-]*:\/\/)/i;

/** The URLs of a list, in their order. */
export function urlList(text: string): readonly string[] {
  return text.split(BETWEEN);
}

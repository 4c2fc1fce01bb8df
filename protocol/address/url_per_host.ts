/**
 * Splits a URL that names several hosts, as `nats://app@a:4222,b:4222`, which is no URL of the WHATWG's standard.
 *
 * In: the text. Out: one ordinary URL for each host, with everything else the same; undefined if one of them is none. Pure.
 */

const SEVERAL = /^([a-z][a-z\d+.-]*:\/\/(?:[^/?#@]*@)?)([^/?#@]*,[^/?#@]*)((?:[/?#].*)?)$/i;

/** One URL for each host, in their order. */
export function urlPerHost(text: string): readonly [URL, ...URL[]] | undefined {
  const [, start = "", hosts = "", end = ""] = SEVERAL.exec(text) ?? [];
  const texts = hosts === "" ? [text] : hosts.split(",").map((host) => start + host + end);
  const urls = texts.flatMap((each) => URL.parse(each) ?? []);
  const [first, ...others] = urls;
  return first === undefined || urls.length < texts.length ? undefined : [first, ...others];
}

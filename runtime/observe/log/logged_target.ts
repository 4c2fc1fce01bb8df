/**
 * What the access log has of a request's target.
 *
 * In: a target, or another URL of a request. Out: the same, with `***` for parameters whose values are secrets: the key of the API of
 * channels, their tokens, the connect command of SSE, which has a token, and signatures of the Pusher API. Whatever was answered: a key sent to a wrong path
 * is a key too. Pure.
 */

const SECRET_PARAMETERS: readonly string[] = [
  "api_key",
  "auth_signature",
  "cf_connect",
  "subscription_token",
  "token",
];

/** Queries that may have one of these names: most have none, and are not taken apart. */
const MAY_HAVE_SECRET = /api_key|auth_signature|cf_connect|token|(?:^|&)[^=&]*%/;

/** The target without secrets. */
export function loggedTarget(target: string): string {
  const at = target.indexOf("?");
  if (at < 0) return target;
  const query = target.slice(at + 1);
  if (!MAY_HAVE_SECRET.test(query)) return target;
  const parts = query.split("&");
  if (!parts.some(isSecret)) return target;
  return `${target.slice(0, at)}?${parts.map(withoutSecret).join("&")}`;
}

function withoutSecret(part: string): string {
  return isSecret(part) ? `${part.split("=", 1)[0]}=***` : part;
}

/** The name is decoded as the endpoints decode it, so that `api%5Fkey` is found too. */
function isSecret(part: string): boolean {
  const [name] = new URLSearchParams(part).keys();
  return name !== undefined && SECRET_PARAMETERS.includes(name);
}

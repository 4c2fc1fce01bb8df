/**
 * Where a request has its channels and tokens.
 *
 * In: the query and the head. Out: the same for every endpoint of this folder. Pure.
 */

import type { RequestHead } from "../../../protocol/mod.ts";
import { keepFields } from "../centrifuge/mod.ts";
import type { Credentials } from "./channel_access.ts";
import type { Query } from "./query.ts";

const BEARER = /^bearer +(\S+)$/i;

/**
 * The channels and tokens; a token in the query comes before one in `Authorization`, which may be for a proxy.
 *
 * @param kept names of fields that are kept beside them
 */
export function credentialsOf(
  query: Query,
  request: RequestHead,
  kept?: readonly string[],
): Credentials {
  const [, bearer = ""] = BEARER.exec(request.field("authorization") ?? "") ?? [];
  return {
    names: query.all("channel"),
    token: query.get("token") || bearer,
    subscriptionTokens: query.all("subscription_token"),
    fields: keepFields(request, kept),
  };
}

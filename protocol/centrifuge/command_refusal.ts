/**
 * Which commands are well-formed and still cannot be fulfilled by any server of these features.
 *
 * In: a decoded command. Out: the error to answer with, or undefined. Looks at the command alone: permissions,
 * limits and states are judged elsewhere.
 */

import { CLIENT_ERRORS, type ClientError } from "./client_error.ts";
import type { Command } from "./command_reader.ts";
import type { SubscribeRequest } from "./requests.ts";
import { isTagsFilter } from "./tags_filter.ts";

/** The error that the command's fields alone cause. */
export function refusalOf(command: Command): ClientError | undefined {
  switch (command.name) {
    case "subscribe":
      if (isFilterRefused(command.request)) return CLIENT_ERRORS.BAD_REQUEST;
      return ofStream(command.request.type);
    case "publish":
      if (command.request.data === undefined) return CLIENT_ERRORS.BAD_REQUEST;
      return ofStream(command.request.type);
    case "sub_refresh":
      if (!command.request.token) return CLIENT_ERRORS.BAD_REQUEST;
      return ofStream(command.request.type);
    default:
      return undefined;
  }
}

/** A delta needs every publication, so it cannot be combined with a filter. */
function isFilterRefused({ tagsFilter, delta = "" }: SubscribeRequest): boolean {
  return tagsFilter !== undefined && (delta !== "" || !isTagsFilter(tagsFilter));
}

/** Map and shared-poll subscriptions have types of their own. */
function ofStream(type: number | undefined): ClientError | undefined {
  return type === undefined || type === 0 ? undefined : CLIENT_ERRORS.NOT_AVAILABLE;
}

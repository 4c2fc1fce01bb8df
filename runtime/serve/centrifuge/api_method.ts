/**
 * What a method of the HTTP API is: a request's fields, and what they are answered with.
 *
 * In: the JSON of a request. Out: an error, or what writes the fields of the result.
 */

import { CLIENT_ERRORS, type ClientError } from "../../../protocol/centrifuge/mod.ts";
import {
  type Decoded,
  decodeShape,
  JsonError,
  type JsonSlice,
  type JsonWriter,
  readObject,
  type Shape,
  text,
  unsigned,
} from "../../../protocol/json/mod.ts";
import type { Soon } from "../broker/mod.ts";
import type { Channel } from "../channels/mod.ts";
import type { ApiBudget } from "./api_budget.ts";
import type { ChannelContext } from "./channel_context.ts";
import type { Servers } from "./servers.ts";

/** Sends a request to all workers. */
export interface RequestSender {
  /** False: it was not done, or nobody knows whether it was. */
  request(word: string, data: Uint8Array): Soon<boolean>;
}

/** What all requests work on. */
export interface ApiParts {
  readonly context: ChannelContext;
  /** Carries what concerns connections to the workers that have them: of this server, or of all servers of an engine. */
  readonly control: RequestSender;
  readonly servers: Servers;
}

/** What the methods of one request work on. */
export interface ApiContext extends ApiParts {
  readonly budget: ApiBudget;
}

/** Writes the fields of a result; the object around them is the caller's. */
export type WriteResult = (json: JsonWriter) => void;

/** What a request is answered with. */
export type ApiAnswer = ClientError | WriteResult;

/** Carries out a request; one that takes long, in several turns. */
export type ApiMethod = (api: ApiContext, slice: JsonSlice) => ApiAnswer | Promise<ApiAnswer>;

/** A position in a channel, as requests have it. */
export const readPosition = readObject({
  offset: unsigned("offset", Number.MAX_SAFE_INTEGER),
  epoch: text("epoch"),
});

/** A method whose request has this shape; another shape is error 107. */
export function apiMethod<S extends Shape>(
  shape: S,
  carryOut: (api: ApiContext, request: Decoded<S>, slice: JsonSlice) => ReturnType<ApiMethod>,
): ApiMethod {
  return (api, slice) => {
    let request: Decoded<S>;
    try {
      request = decodeShape(slice, shape);
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      return CLIENT_ERRORS.BAD_REQUEST;
    }
    return carryOut(api, request, slice);
  };
}

/** The channel of a request, or the error to answer with. */
export function channelOf(
  { context }: ApiContext,
  name: string | undefined,
): Channel | ClientError {
  const found = context.rules.resolve(name ?? "");
  return "error" in found ? found.error : found.channel;
}

/** Whether it is an error, and not what writes a result. */
export function isRefused(answer: ApiAnswer): answer is ClientError {
  return typeof answer !== "function";
}

/** Counts an answer, if it is an error. */
export function countError({ context: { meter } }: ApiParts, answer: ApiAnswer): void {
  if (isRefused(answer)) meter.apiError(answer.code);
}

/** A result without fields. */
export const EMPTY: WriteResult = () => {};

/** Writes `{"error":{…}}`'s value. */
export function writeApiError(json: JsonWriter, { code, message }: ClientError): void {
  json.openObject().name("code").integer(code).name("message").text(message).closeObject();
}

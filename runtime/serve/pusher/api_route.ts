/**
 * The API of the backends of one app: `/apps/ID/…`, each request signed with the secret of the app.
 *
 * In: requests. Out: answers as those of Pusher: JSON with 200; 400 for what cannot be meant, 401 without a right signature, 404 for another
 * path, 413 for what is too long, 503 if there is no room now. The signature is checked before anything else is read.
 */

import { ProtocolError } from "../../../protocol/mod.ts";
import {
  decodePusherBatch,
  decodePusherEvent,
  signedRequest,
} from "../../../protocol/pusher/mod.ts";
import { LogLabel } from "../../observe/log/mod.ts";
import type { Exchange, Route } from "../session/mod.ts";
import {
  answerApi,
  type ApiRefusal,
  DONE,
  type PusherApiAnswer,
  UNAVAILABLE,
} from "./api_answer.ts";
import { occupiedChannels, oneChannel, usersOfChannel } from "./api_channels.ts";
import { triggerBatch, triggerEvent } from "./api_events.ts";
import type { PusherContext } from "./pusher_context.ts";
import { terminateMessage } from "./pusher_directory.ts";

/** A request that the app has signed. */
interface ApiCall {
  readonly parameters: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

type Method = (
  context: PusherContext,
  call: ApiCall,
) => PusherApiAnswer | Promise<PusherApiAnswer>;

const UNSIGNED: ApiRefusal = {
  status: 401,
  text: "The request has no right signature, or its auth_timestamp is more than 600 s off",
};
const NO_CHANNEL: ApiRefusal = { status: 400, text: "This is no name of a channel" };

const events: Method = (context, { body }) =>
  triggerEvent(context, decodePusherEvent(body, 0, body.length));
const batchEvents: Method = (context, { body }) =>
  triggerBatch(context, decodePusherBatch(body, 0, body.length));
const channels: Method = (context, { parameters }) => occupiedChannels(context, parameters);

function channel(name: string): Method {
  return (context, { parameters }) => {
    const found = context.app.channel(name);
    return found === undefined ? NO_CHANNEL : oneChannel(context, found, parameters);
  };
}

function users(name: string): Method {
  return (context) => {
    const found = context.app.channel(name);
    return found === undefined ? NO_CHANNEL : usersOfChannel(context, found);
  };
}

function terminate(user: string): Method {
  return async ({ app, control }) => {
    const isSent = await control.request(...terminateMessage(app.config.id, user));
    return isSent ? DONE : UNAVAILABLE;
  };
}

/** The routes of one app, behind `/apps/ID/`. */
export class PusherApi {
  readonly #context: PusherContext;
  readonly #events: Route;
  readonly #batch: Route;
  readonly #channels: Route;

  constructor(context: PusherContext) {
    this.#context = context;
    this.#events = this.#route("POST", events);
    this.#batch = this.#route("POST", batchEvents);
    this.#channels = this.#route("GET", channels);
  }

  /** The route of a path; undefined: there is none. @param parts what is behind the id of the app, decoded */
  find([first, second, third, ...more]: readonly string[]): Route | undefined {
    if (more.length > 0) return undefined;
    if (second === undefined) {
      if (first === "events") return this.#events;
      if (first === "batch_events") return this.#batch;
      return first === "channels" ? this.#channels : undefined;
    }
    if (first === "channels" && second !== "") {
      if (third === undefined) return this.#route("GET", channel(second));
      return third === "users" ? this.#route("GET", users(second)) : undefined;
    }
    const isTermination = first === "users" && second !== "" && third === "terminate_connections";
    return isTermination ? this.#route("POST", terminate(second)) : undefined;
  }

  #route(verb: "GET" | "POST", method: Method): Route {
    const handle = (exchange: Exchange) => this.#answer(exchange, method);
    const route = { label: LABEL, methods: [verb], wantsBody: true, webSocket: null, handle };
    return { ...route, isFreezable: true };
  }

  #answer(exchange: Exchange, method: Method): void | Promise<void> {
    const { app, channels: { limits, meter, epochSeconds } } = this.#context;
    const { request, bodyBytes, bodyStart, bodyEnd } = exchange;
    if (bodyEnd - bodyStart > limits.apiBytes) {
      meter.limitExceeded("api_body");
      return answerApi(exchange, { status: 413, text: "The body is too long" });
    }
    const body = bodyBytes.slice(bodyStart, bodyEnd);
    const signed = signedRequest(request.method, request.path, request.query);
    if (signed === undefined || !app.isRequest(signed, body, epochSeconds())) {
      meter.pusherSignatureRefused();
      return answerApi(exchange, UNSIGNED);
    }
    return this.#carryOut(exchange, method, { parameters: signed.parameters, body });
  }

  async #carryOut(exchange: Exchange, method: Method, call: ApiCall): Promise<void> {
    try {
      answerApi(exchange, await method(this.#context, call));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      answerApi(exchange, { status: error.status, text: error.message });
    }
  }
}

const LABEL = new LogLabel("/apps (pusher)");

/**
 * The same code run twice: with Deno's own Request, Response and Headers, and with those of an app.
 *
 * In: a function that gets the classes. Out: what it returns or throws, in a form that can be compared: an error is its name.
 */

import { assertEquals } from "@std/assert";
import { parseRequestHead, RequestHead } from "../../protocol/http1/mod.ts";
import { HTTP1_LIMITS } from "../../protocol/limits.ts";
import { AppHeaders } from "../../runtime/serve/app/app_headers.ts";
import { AppRequest } from "../../runtime/serve/app/app_request.ts";
import { AppResponse } from "../../runtime/serve/app/app_response.ts";
import { RequestOrigins } from "../../runtime/serve/app/request_origins.ts";
import type { AppExchange, BodyListener } from "../../runtime/serve/session/mod.ts";
import { bytesOf } from "./protocol_cases.ts";

/** How a request begins, without its Host. */
export interface Asked {
  readonly method?: string;
  readonly target?: string;
  readonly fields?: readonly (readonly [string, string])[];
  readonly body?: string;
}

/** What the code runs with. */
export interface WebClasses {
  readonly Response: typeof Response;
  readonly Headers: typeof Headers;
  /** A request as the app gets it, to `http://a.example`. */
  request(asked?: Asked): Request;
}

const DENO: WebClasses = {
  Response,
  Headers,
  request({ method = "GET", target = "/", fields = [], body } = {}) {
    const headers = new Headers([["host", "a.example"], ...fields] as [string, string][]);
    if (body !== undefined) headers.set("content-length", `${body.length}`);
    return new Request(`http://a.example${target}`, {
      method,
      headers,
      body: body === undefined ? null : bytesOf(body),
    });
  },
};

/** The app's classes. */
export const APP: WebClasses = {
  Response: AppResponse as unknown as typeof Response,
  Headers: AppHeaders as unknown as typeof Headers,
  request: (asked = {}) =>
    new AppRequest(fakeExchange(asked), new RequestOrigins("localhost")) as unknown as Request,
};

/** Checks that both do the same. */
export async function assertAlike(code: (web: WebClasses) => unknown): Promise<void> {
  assertEquals(await outcome(code, APP), await outcome(code, DENO));
}

async function outcome(code: (web: WebClasses) => unknown, web: WebClasses): Promise<unknown> {
  try {
    return await code(web);
  } catch (error) {
    return `throws ${error instanceof Error ? error.name : error}`;
  }
}

/** An exchange with a body that has arrived. */
export function fakeExchange(
  { method = "GET", target = "/", fields = [], body }: Asked,
): AppExchange {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const length = body === undefined ? "" : `Content-Length: ${body.length}\r\n`;
  const bytes = bytesOf(`${method} ${target} HTTP/1.1\r\nHost: a.example\r\n${lines}${length}\r\n`);
  const request = new RequestHead();
  assertEquals(parseRequestHead(bytes, 0, bytes.length, request, HTTP1_LIMITS), bytes.length);
  const content = bytesOf(body ?? "");
  const fake: Partial<AppExchange> = {
    request,
    isSecure: false,
    isAnswered: false,
    readBody(listener: BodyListener) {
      if (content.length > 0) listener.data(content, 0, content.length);
      listener.end();
    },
    readWhole: (listener) => listener.whole(content, 0, content.length),
    resumeBody() {},
    onLeft() {},
  };
  return fake as AppExchange;
}

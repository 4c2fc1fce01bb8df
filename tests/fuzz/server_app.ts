/**
 * An app that does what the server's own endpoints do, in a random way each time: it passes on, reads a body whole or in pieces,
 * pauses, answers at once or some microtasks later.
 *
 * In: a seeded Random. Out: an app whose answers to /echo and /later are those of the endpoints, and which passes on everything else; so
 * what clients must receive does not change.
 */

import { LogLabel } from "../../runtime/observe/log/mod.ts";
import type { AppExchange, AppResult, AppRoute } from "../../runtime/serve/session/mod.ts";
import type { Random } from "../support/random.ts";

/** Makes the app; each way that it goes is noted in `seen`. */
export function randomApp(random: Random, seen: string[]): AppRoute {
  const ways = Object.entries({ passOn, passOnLater, echoWhole, echoPieces });
  return {
    label: new LogLabel("app"),
    isAsked: () => random.below(8) > 0,
    handle(exchange) {
      const { path, upgrade } = exchange.request;
      const isEcho = !upgrade && (path === "/echo" || path === "/later");
      const [name, way] = ways[random.below(isEcho ? ways.length : 2)]!; // below its length
      seen.push(`app ${name}`);
      return way(exchange, random);
    },
  };
}

async function microtasks(random: Random): Promise<void> {
  for (let count = random.below(6); count > 0; count--) await undefined;
}

function passOn(exchange: AppExchange): AppResult {
  exchange.onLeft(() => {});
  return "next";
}

async function passOnLater(_exchange: AppExchange, random: Random): Promise<AppResult> {
  await microtasks(random);
  return "next";
}

async function echoWhole(exchange: AppExchange, random: Random): Promise<void> {
  if (random.below(2) === 0) await microtasks(random);
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  exchange.readWhole({
    whole: (bytes, start, end) => resolve(bytes.slice(start, end)),
    failed: reject,
  });
  await answer(exchange, random, promise);
}

async function echoPieces(exchange: AppExchange, random: Random): Promise<void> {
  if (random.below(2) === 0) await microtasks(random);
  const pieces: Uint8Array[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const goOn = async () => {
    await microtasks(random);
    exchange.resumeBody();
  };
  exchange.readBody({
    data(bytes, start, end) {
      pieces.push(bytes.slice(start, end));
      if (random.below(3) > 0) return true;
      if (random.below(2) > 0) void goOn();
      else exchange.resumeBody();
      return false;
    },
    end: () => resolve(joined(pieces)),
    failed: reject,
  });
  await answer(exchange, random, promise);
}

/** Answers with a body once it is there; a client that has left gets none. */
async function answer(
  exchange: AppExchange,
  random: Random,
  reading: Promise<Uint8Array>,
): Promise<void> {
  const body = await reading.catch(() => null);
  if (random.below(2) === 0) await microtasks(random);
  if (body === null) return exchange.respondText(500, "the client has left\n");
  const response = { status: 200, fields: [], contentLength: body.length };
  exchange.respond(response, body, 0, body.length);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

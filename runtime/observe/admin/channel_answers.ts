/**
 * The requests of the admin page about channels, with `--admin-channels`.
 *
 * In: requests whose host is checked. Out: the busiest channels as JSON; a stream of what is published in one; the outcome
 * of a publication. Publishing changes something, so a page of another origin must not do it in an operator's
 * browser: its request has another Origin, or a type that needs a preflight, which is not answered.
 */

import type { ChannelDesk } from "./channel_desk.ts";
import { ChannelWatchers } from "./channel_watchers.ts";

/** A part of the handler: answers with text. */
export type TextAnswer = (status: number, body: string, contentType?: string) => Response;

/** The answer to one method of a path. */
interface ChannelAnswer {
  readonly method: "GET" | "POST";
  answer(request: Request, url: URL): Response | Promise<Response>;
}

/** Answers by path. */
export type ChannelAnswers = ReadonlyMap<string, ChannelAnswer>;

const JSON_TYPE = "application/json";
/** Bytes of a request above those of a publication. */
const MOST_BYTES = 1024 * 1024;

/** The answers; `stop` ends the streams. */
export function channelAnswers(
  desk: ChannelDesk,
  text: TextAnswer,
): { readonly answers: ChannelAnswers; stop(): void } {
  const watchers = new ChannelWatchers(desk);
  const withChannel = (url: URL, answer: (channel: string) => Response | Promise<Response>) => {
    const channel = url.searchParams.get("channel") ?? "";
    const fault = desk.faultOf(channel);
    return fault === undefined ? answer(channel) : text(400, `${fault}\n`);
  };
  const watch = (channel: string) => {
    const stream = watchers.open(channel);
    if (stream === null) return text(503, "Too many pages watch a channel\n");
    const response = text(200, "", "text/event-stream");
    return new Response(stream, { headers: response.headers });
  };
  const publish = async (request: Request, channel: string) => {
    const refusal = refusalOf(request);
    if (refusal !== undefined) return text(403, `${refusal}\n`);
    const json = await textOf(request);
    if (json === undefined) return text(413, "The body is too long\n");
    const outcome = await desk.publish(channel, json);
    return text(outcome.status, `${outcome.text}\n`);
  };
  return {
    answers: new Map<string, ChannelAnswer>([
      ["/channels", {
        method: "GET",
        answer: () => text(200, JSON.stringify(desk.list()), JSON_TYPE),
      }],
      ["/channels/watch", { method: "GET", answer: (_, url) => withChannel(url, watch) }],
      ["/channels/publish", {
        method: "POST",
        answer: (request, url) => withChannel(url, (channel) => publish(request, channel)),
      }],
    ]),
    stop: () => watchers.stop(),
  };
}

/** Why a request may come from a page that is not ours. */
function refusalOf({ headers }: Request): string | undefined {
  const origin = headers.get("origin");
  const host = headers.get("host");
  const site = headers.get("sec-fetch-site");
  const isForeign = (origin !== null && origin !== `http://${host}`) ||
    (site !== null && site !== "same-origin");
  if (isForeign) return "Pages of other origins must not publish";
  // A form cannot send it, and a script of another origin only after a preflight.
  const type = headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  return type === JSON_TYPE ? undefined : `Send the data with Content-Type: ${JSON_TYPE}`;
}

/** The body; undefined if it is too long. */
async function textOf({ body }: Request): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let [text, bytes] = ["", 0];
  for await (const part of body ?? []) {
    bytes += part.length;
    if (bytes > MOST_BYTES) return undefined;
    text += decoder.decode(part, { stream: true });
  }
  return text + decoder.decode();
}

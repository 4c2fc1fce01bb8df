/**
 * Decodes the commands of one message: JSON objects separated by line feeds.
 *
 * In: a whole message as (bytes, start, end): a WebSocket text message, the body of a request, or the `data` of
 * an emulation request. Out: one command a call, in order. What is no command throws a ProtocolError with close
 * code 3501, as Centrifugo closes then; what is one, but cannot be fulfilled, is the refusal of refusalOf.
 * Payloads are views of the message: copy them to keep them.
 */

import { LF } from "../ascii.ts";
import { ProtocolError } from "../errors.ts";
import {
  type Decoded,
  decodeShape,
  type Field,
  JSON_DEPTH,
  JsonError,
  readObject,
} from "../json/mod.ts";
import { DISCONNECTS } from "./disconnect.ts";
import { COMMAND_ID, type CommandName, type RequestOf, REQUESTS } from "./requests.ts";

/** A command with its fields. `send` has no reply, so its id is 0 or meaningless. */
export type Command =
  | { readonly name: "pong" }
  | {
    readonly [Name in CommandName]: {
      readonly name: Name;
      readonly id: number;
      readonly request: RequestOf<Name>;
    };
  }[CommandName];

const NAMES = Object.keys(REQUESTS) as CommandName[];

/** A command without its fields' meaning: an id, and an object under one of the names. */
const ENVELOPE = {
  id: COMMAND_ID,
  ...Object.fromEntries(
    NAMES.map((name) => [name, { wire: name, read: readObject(REQUESTS[name]) }]),
  ),
} as
  & { readonly id: Field<number> }
  & {
    readonly [Name in CommandName]: Field<RequestOf<Name>>;
  };

/** The commands that say nothing without a channel. */
const OF_A_CHANNEL: readonly string[] = NAMES.filter((name) => "channel" in REQUESTS[name]);

const DELTAS: readonly (string | undefined)[] = [undefined, "", "fossil"];

/** Decodes one message. */
export class CommandReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  /** @throws {ProtocolError} for a message of no bytes, which has no command */
  constructor(bytes: Uint8Array, start: number, end: number) {
    if (start === end) throw badRequest("CENTRIFUGE_EMPTY", "The message is empty");
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** The next command; undefined after the last one. A line feed after the last one is allowed. */
  next(): Command | undefined {
    if (this.#at >= this.#end) return undefined;
    const start = this.#at;
    const end = lineEnd(this.#bytes, start, this.#end);
    this.#at = end + 1;
    return decodeCommand(this.#bytes, start, end);
  }
}

function lineEnd(bytes: Uint8Array, start: number, end: number): number {
  // Behind the message may be all of a receive buffer, which must not be searched for each command.
  const found = bytes.subarray(start, end).indexOf(LF);
  return found < 0 ? end : start + found;
}

function decodeCommand(bytes: Uint8Array, start: number, end: number): Command {
  const envelope = decodeEnvelope(bytes, start, end);
  const names = NAMES.filter((name) => envelope[name] !== undefined);
  const [name] = names;
  if (names.length > 1) {
    throw badRequest("CENTRIFUGE_SEVERAL", `One command names ${names[0]} and ${names[1]}`);
  }
  const id = envelope.id ?? 0;
  if (name === undefined) {
    if (id === 0) return { name: "pong" };
    throw badRequest("CENTRIFUGE_NO_COMMAND", "A command has an id and no known name");
  }
  if (id === 0 && name !== "send") {
    throw badRequest("CENTRIFUGE_NO_ID", `The command ${name} has no id, so it cannot be answered`);
  }
  const command = { name, id, request: envelope[name] } as Command;
  expectRequired(command);
  return command;
}

function decodeEnvelope(bytes: Uint8Array, start: number, end: number): Decoded<typeof ENVELOPE> {
  try {
    return decodeShape({ bytes, start, end, depth: JSON_DEPTH }, ENVELOPE);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const place = `at byte ${error.offset - start} of the command`;
    throw badRequest("CENTRIFUGE_MALFORMED", `${error.message}, ${place}`);
  }
}

/** Centrifugo closes for these too: a client that leaves them out is broken. */
function expectRequired(command: Command): void {
  if (command.name === "pong") return;
  const { name, request } = command;
  if (OF_A_CHANNEL.includes(name) && !(request as RequestOf<"presence">).channel) {
    throw badRequest("CENTRIFUGE_NO_CHANNEL", `The command ${name} names no channel`);
  }
  if (name === "refresh" && !command.request.token) {
    throw badRequest("CENTRIFUGE_NO_TOKEN", "The command refresh has no token");
  }
  if (name === "subscribe" && !DELTAS.includes(command.request.delta)) {
    throw badRequest(
      "CENTRIFUGE_UNKNOWN_DELTA",
      "A subscription asks for an unknown kind of delta",
    );
  }
}

function badRequest(code: string, message: string): ProtocolError {
  return new ProtocolError(code, message, { closeCode: DISCONNECTS.BAD_REQUEST.code });
}

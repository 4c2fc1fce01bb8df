/**
 * The commands of one message.
 *
 * In: a message's bytes. Out: its commands, up to a number, and whether there are more; or the reason for which the connection ends.
 */

import { ProtocolError } from "../../../protocol/mod.ts";
import {
  type Command,
  CommandReader,
  type Disconnect,
  DISCONNECTS,
} from "../../../protocol/centrifuge/mod.ts";

/** The answer to a ping. */
export const PONG: Command = { name: "pong" };

/** Stands for all commands of a message that are too many for it: what comes before it is carried out. */
export const TOO_MANY: Command = { name: "pong" };

/** Decodes a message. Payloads are views of the bytes. If it has more than `most` commands, {@link TOO_MANY} is the last one. */
export function decodeCommands(
  bytes: Uint8Array,
  { start, end, most }: { readonly start: number; readonly end: number; readonly most: number },
): Command[] | Disconnect {
  const commands: Command[] = [];
  try {
    const reader = new CommandReader(bytes, start, end);
    for (let command = reader.next(); command !== undefined; command = reader.next()) {
      if (commands.push(command) <= most) continue;
      commands[most] = TOO_MANY;
      break;
    }
    return commands;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { code: error.closeCode, reason: DISCONNECTS.BAD_REQUEST.reason };
  }
}

/** Whether a message is `{}`, as clients answer pings. */
export function isPong(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 2 && bytes[start] === 0x7b && bytes[start + 1] === 0x7d;
}

/** Whether a token has to be verified to carry it out. */
export function hasToken(command: Command): boolean {
  return command.name !== "pong" && "token" in command.request && !!command.request.token;
}

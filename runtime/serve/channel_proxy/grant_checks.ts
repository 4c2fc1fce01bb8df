/**
 * Checks what a backend grants: what cannot be carried out is the backend's fault, and not that of the client.
 *
 * In: parts of an answer. Out: nothing, or a fault that names the part and the limit. Without this, the client would be answered as if it had
 * asked for something wrong, and nobody would be told. Pure.
 */

import { CLIENT_ERRORS } from "../../../protocol/centrifuge/mod.ts";
import { withoutLineBreaks } from "../../../protocol/json/mod.ts";
import type { ChannelLimits } from "../../config/mod.ts";
import { escapeText } from "../../observe/log/mod.ts";
import { MAX_USER_BYTES } from "../centrifuge/mod.ts";
import type { ChannelRules } from "../channels/mod.ts";
import { AnswerFault } from "./questions.ts";

/** The limits of what is granted. */
export type AnswerLimits = Pick<
  ChannelLimits,
  "channelsPerConnection" | "nameBytes" | "publicationBytes"
>;

/** Characters of a name in a message. */
const SHOWN = 64;
const UTF8 = new TextEncoder();

/** The checks. */
export class GrantChecks {
  readonly #rules: ChannelRules;
  readonly #limits: AnswerLimits;

  constructor(rules: ChannelRules, limits: AnswerLimits) {
    this.#rules = rules;
    this.#limits = limits;
  }

  /** The user of a connection. @throws {AnswerFault} */
  user(user: string): void {
    if (UTF8.encode(user).length <= MAX_USER_BYTES) return;
    throw new AnswerFault("user", `its user has more than ${MAX_USER_BYTES} bytes`);
  }

  /** The channels to which a connection is subscribed. @throws {AnswerFault} */
  channels(names: ReadonlySet<string>): void {
    const { channelsPerConnection: most } = this.#limits;
    if (names.size > most) {
      const text = `it subscribes to ${names.size} channels, and --max-channels is ${most}`;
      throw new AnswerFault("channels", text);
    }
    for (const name of names) this.#channel(name);
  }

  /** What is published in place of the client's data. @throws {AnswerFault} */
  publication(data: Uint8Array): void {
    const { publicationBytes: most } = this.#limits;
    const { length } = withoutLineBreaks(data);
    if (length <= most) return;
    const text = `its data has ${length} bytes, and --max-publication is ${most}`;
    throw new AnswerFault("data", text);
  }

  #channel(name: string): void {
    const found = this.#rules.resolve(name);
    if ("channel" in found) return;
    const isUnknown = found.error === CLIENT_ERRORS.UNKNOWN_CHANNEL;
    const why = isUnknown
      ? "whose namespace the config does not have"
      : "which is empty, longer than --max-channel-name, or not allowed by its namespace";
    const text = `it subscribes to the channel "${escapeText(name, SHOWN)}", ${why}`;
    throw new AnswerFault(isUnknown ? "namespace" : "channel", text);
  }
}

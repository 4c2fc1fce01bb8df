/**
 * Checks what an app or a backend grants: what cannot be carried out is its fault, and not that of the client.
 *
 * In: parts of an answer. Out: nothing, or a fault that names the part and the limit. Without this, the client would be answered as if it had
 * asked for something wrong, and nobody would be told. Pure.
 */

import { CLIENT_ERRORS } from "../../../protocol/centrifuge/mod.ts";
import { withoutLineBreaks } from "../../../protocol/json/mod.ts";
import type { ChannelLimits } from "../../config/mod.ts";
import { escapeText } from "../../observe/log/mod.ts";
import type { ChannelRules } from "../channels/mod.ts";
import { MAX_USER_BYTES } from "./token_check.ts";

/** The limits of what is granted. */
export type GrantLimits = Pick<
  ChannelLimits,
  "channelsPerConnection" | "nameBytes" | "publicationBytes"
>;

/** Characters of a name in a message. */
const SHOWN = 64;
const UTF8 = new TextEncoder();

/** An answer says something that cannot be. */
export class GrantFault extends RangeError {
  /** What does not differ from one answer to the next. */
  readonly kind: string;

  /** @param message for the operator: what is wrong with the answer */
  constructor(kind: string, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** The checks. */
export class GrantChecks {
  readonly #rules: ChannelRules;
  readonly #limits: GrantLimits;

  constructor(rules: ChannelRules, limits: GrantLimits) {
    this.#rules = rules;
    this.#limits = limits;
  }

  /** The user of a connection. @throws {GrantFault} */
  user(user: string): void {
    if (UTF8.encode(user).length <= MAX_USER_BYTES) return;
    throw new GrantFault("user", `its user has more than ${MAX_USER_BYTES} bytes`);
  }

  /** The channels to which a connection is subscribed. @throws {GrantFault} */
  channels(names: ReadonlySet<string>): void {
    const { channelsPerConnection: most } = this.#limits;
    if (names.size > most) {
      const text = `it subscribes to ${names.size} channels, and --max-channels is ${most}`;
      throw new GrantFault("channels", text);
    }
    for (const name of names) this.#channel(name);
  }

  /** What is published in place of the client's data. @throws {GrantFault} */
  publication(data: Uint8Array): void {
    const { publicationBytes: most } = this.#limits;
    const { length } = withoutLineBreaks(data);
    if (length <= most) return;
    const text = `its data has ${length} bytes, and --max-publication is ${most}`;
    throw new GrantFault("data", text);
  }

  #channel(name: string): void {
    const found = this.#rules.resolve(name);
    if ("channel" in found) return;
    const isUnknown = found.error === CLIENT_ERRORS.UNKNOWN_CHANNEL;
    const why = isUnknown
      ? "whose namespace the config does not have"
      : "which is empty, longer than --max-channel-name, or not allowed by its namespace";
    const text = `it subscribes to the channel "${escapeText(name, SHOWN)}", ${why}`;
    throw new GrantFault(isUnknown ? "namespace" : "channel", text);
  }
}

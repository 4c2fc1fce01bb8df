/**
 * Who a client is, once it is connected.
 *
 * In: the claims of its token, or nothing. Out: data for permissions, presence and publications.
 */

import type { ClientInfo } from "../../../protocol/centrifuge/mod.ts";
import type { ChannelClient } from "../channels/mod.ts";
import type { Capability, ConnectionClaims } from "../tokens/mod.ts";

const NO_CAPABILITIES: readonly Capability[] = [];

/** The claims of a client without a token. */
export const ANONYMOUS: ConnectionClaims = {
  user: "",
  expireAt: undefined,
  info: undefined,
  meta: undefined,
  subscriptions: new Map(),
  capabilities: [],
};

/** A client; its fields are those of an anonymous one until its token was verified. */
export class ClientIdentity implements ChannelClient {
  /** The id of the connection. */
  readonly id: string;
  /** Empty: it has none. */
  user = "";
  capabilities: readonly Capability[] = NO_CAPABILITIES;
  /** JSON that others see beside the client. */
  info: Uint8Array | undefined = undefined;

  /** @param id of a client that comes from the server before; default: a new one */
  constructor(id: string = crypto.randomUUID()) {
    this.id = id;
  }

  /** Takes what the token says. */
  identify(
    { user, capabilities, info }: Pick<ConnectionClaims, "user" | "capabilities" | "info">,
  ): void {
    this.user = user;
    this.capabilities = capabilities;
    this.info = info;
  }

  /** What subscribers of a channel are told about the client. */
  infoIn(channelInfo: Uint8Array | undefined): ClientInfo {
    return { user: this.user, client: this.id, connectionInfo: this.info, channelInfo };
  }
}

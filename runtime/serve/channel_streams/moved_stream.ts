/**
 * What a stream takes along to the new server at an upgrade: who reads it, its channels, and where it is in them.
 *
 * In: a stream that leaves; the bytes of one that has arrived. Out: the bytes; what the stream is made from there. The channels are looked up
 * again, as the new config may know other ones, or allow less. Pure.
 */

import type { Disconnect } from "../../../protocol/centrifuge/mod.ts";
import { decodeUtf8 } from "../../../protocol/mod.ts";
import {
  type ChannelContext,
  ClientIdentity,
  optionalBytes,
  optionalText,
} from "../centrifuge/mod.ts";
import { maySubscribe } from "../channels/mod.ts";
import type { TokenSubscription } from "../tokens/mod.ts";
import type { ChannelAccess, OpenChannel } from "./channel_access.ts";

/** Another format gets another number: a stream of a format that is not known is ended. */
const FORMAT = 1;
const UTF8 = new TextEncoder();

/** A stream on its way. */
export interface MovedStream {
  readonly access: ChannelAccess;
  /** Its positions, as `Last-Event-ID` has them. */
  readonly since: string;
}

/** The bytes. */
export function encodeMovedStream({ access, since }: MovedStream): Uint8Array {
  const { identity: { id, user, info }, channels, expireAt, expiry } = access;
  const open = channels.map(({ channel: { name }, grant }) => ({
    name,
    grant: grant && { ...grant, info: optionalText(grant.info), data: optionalText(grant.data) },
  }));
  const client = { id, user, info: optionalText(info) };
  return UTF8.encode(
    JSON.stringify({ format: FORMAT, client, channels: open, expireAt, expiry, since }),
  );
}

/** The stream of these bytes; undefined: it is of another version, or it may not have all of its channels here. */
export function decodeMovedStream(
  bytes: Uint8Array,
  { rules, isInsecure }: Pick<ChannelContext, "rules" | "isInsecure">,
): MovedStream | undefined {
  const { format, client, channels, expireAt, expiry, since }: Written = JSON.parse(
    decodeUtf8(bytes),
  );
  if (format !== FORMAT) return undefined;
  const identity = new ClientIdentity(client.id);
  identity.identify({ user: client.user, capabilities: [], info: optionalBytes(client.info) });
  const open: OpenChannel[] = [];
  for (const { name, grant } of channels) {
    const found = rules.resolve(name);
    if ("error" in found) return undefined;
    const isOpen = grant !== undefined || isInsecure || maySubscribe(found.channel, identity);
    if (!isOpen) return undefined;
    open.push({ channel: found.channel, grant: grant && grantOf(grant) });
  }
  return { access: { identity, channels: open, expireAt, expiry }, since };
}

/** What is written: undefined is left out. */
interface Written {
  readonly format: number;
  readonly client: { readonly id: string; readonly user: string; readonly info?: string };
  readonly channels: readonly {
    readonly name: string;
    readonly grant?: WrittenGrant;
  }[];
  readonly expireAt: number | undefined;
  readonly expiry: Disconnect;
  readonly since: string;
}

interface WrittenGrant extends Pick<TokenSubscription, "override"> {
  readonly info?: string;
  readonly data?: string;
}

function grantOf({ info, data, override }: WrittenGrant): TokenSubscription {
  return { info: optionalBytes(info), data: optionalBytes(data), override };
}

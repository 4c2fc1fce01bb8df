/**
 * What a server knows of its engine, as the text that goes over to the server that replaces it, beside the memory of the channels.
 *
 * In: for each server of the engine the node's name, where its channels are, and its members. Out: a text; in the new process the same.
 * Both processes have the same engine and the same format of the memory, of which this is a part.
 */
import { Buffer } from "node:buffer";
import type { FollowedState } from "./conductor.ts";
import type { NodeMember } from "./node_members.ts";

/** The same for one server of the engine. */
export interface ShardState {
  /** What this node is called there. */
  readonly node: string;
  readonly channels: readonly FollowedState[];
  /** The server's own channels. */
  readonly kept: readonly FollowedState[];
  readonly members: readonly NodeMember[];
}

/** The text of what is known. */
export function encodeNodeState(shards: readonly ShardState[]): string {
  return JSON.stringify(
    shards.map(({ members, ...rest }) => ({
      ...rest,
      members: members.map(({ channel, member: { info, ...member }, isOwn }) => ({
        ...{ channel, member, isOwn },
        info: Buffer.from(info).toString("base64"),
      })),
    })),
  );
}

/** What {@link encodeNodeState} was given in the other process. */
export function decodeNodeState(text: string): readonly ShardState[] {
  const shards = JSON.parse(text) as (Omit<ShardState, "members"> & {
    readonly members: readonly (NodeMember & { readonly info: string })[];
  })[];
  return shards.map(({ members, ...rest }) => ({
    ...rest,
    members: members.map(({ channel, member, isOwn, info }) => ({
      ...{ channel, isOwn },
      member: { ...member, info: new Uint8Array(Buffer.from(info, "base64")) },
    })),
  }));
}

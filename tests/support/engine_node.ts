/**
 * A driver of the channel engine with the record of what it has told.
 *
 * In: a server. Out: the driver, connected, and its events as they come. Closed by the disposal.
 */

import type {
  EngineDriver,
  EngineMessage,
  EnginePublication,
  EngineStatus,
} from "../../runtime/serve/engine/mod.ts";
import { openDriver } from "../../runtime/serve/engine/mod.ts";
import { waitFor } from "./wait_for.ts";

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** A publication of this text, kept for a minute. */
export function publicationOf(
  text: string,
  more: Partial<EnginePublication> = {},
): EnginePublication {
  return { data: ENCODER.encode(text), historySize: 100, historyTtlMs: 60_000, ...more };
}

/** The result, which must have this status. @throws {Error} with the result, if it has another one */
export function withStatus<Result extends { status: string }, Status extends Result["status"]>(
  result: Result,
  status: Status,
): Result & { readonly status: Status } {
  if (result.status !== status) throw new Error(`${status}: ${JSON.stringify(result)}`);
  return result as Result & { readonly status: Status };
}

/** The options of {@link EngineNode.start}. */
export interface EngineNodeOptions {
  readonly graceMs?: number;
  readonly timeoutMs?: number;
  readonly password?: string;
  readonly ca?: string;
  readonly sentinelUser?: string;
  readonly sentinelPassword?: string;
}

/** One attempt of a driver to connect: why it failed, if it did, and its warnings. */
export async function attemptAt(
  url: string,
  secrets: Omit<EngineNodeOptions, "graceMs" | "timeoutMs"> = {},
): Promise<{ readonly reason: string | undefined; readonly warnings: readonly string[] }> {
  const warnings: string[] = [];
  const driver = await openDriver({ url, prefix: "test:", timeoutMs: 5000, ...secrets });
  const reason = await driver.connect({
    status: () => {},
    message: () => {},
    cut: () => {},
    membersLost: () => {},
    warn: (text) => void warnings.push(text),
  });
  await driver.close();
  return { reason, warnings };
}

/** A node. */
export class EngineNode implements AsyncDisposable {
  readonly driver: EngineDriver;
  /** All messages, with their channels. */
  readonly messages: { readonly channel: string; readonly message: EngineMessage }[] = [];
  /** Every status that it has told. */
  readonly statuses: EngineStatus[] = [];
  /** Why it was lost, each time. */
  readonly losses: string[] = [];
  /** The lines for the log. */
  readonly warnings: string[] = [];
  /** The channels that it listened to, and that were reported to be listened to no more. */
  readonly cut: string[] = [];
  /** How often its members were lost. */
  membersLost = 0;

  private constructor(driver: EngineDriver) {
    this.driver = driver;
  }

  /** Connects, and waits until the first probe has come back. The default timeout is for a busy machine. */
  static async start(
    url: string,
    { graceMs = 0, timeoutMs = 20_000, ...secrets }: EngineNodeOptions = {},
  ): Promise<EngineNode> {
    const node = new EngineNode(
      await openDriver({ url, prefix: "test:", timeoutMs, graceMs, ...secrets }),
    );
    await node.driver.connect({
      status: (status, reason) => {
        node.statuses.push(status);
        if (status === "lost") node.losses.push(reason);
      },
      message: (channel, { ...message }) => node.messages.push({ channel, message }),
      cut: (channels) => node.cut.push(...channels),
      membersLost: () => node.membersLost++,
      warn: (text) => node.warnings.push(text),
    });
    await node.waitFor("up");
    return node;
  }

  /** Waits for a status. */
  async waitFor(status: EngineStatus): Promise<void> {
    await waitFor(() => this.driver.status === status, { what: `the status ${status}` });
  }

  /** The texts of the publications that have come, in order. */
  get texts(): string[] {
    return this.messages.flatMap(({ message }) =>
      message.kind === "publication" ? [DECODER.decode(message.data)] : []
    );
  }

  /** The texts of a channel's history in the engine. */
  async history(channel: string): Promise<string[]> {
    const result = await this.driver.range(channel, { limit: 1000 });
    return withStatus(result, "read").entries.map(({ data }) => DECODER.decode(data));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.driver.close();
  }
}

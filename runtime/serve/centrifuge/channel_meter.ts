/**
 * Counts what happens with the clients and publications of one worker, for metrics.
 *
 * In: what has happened, from clients, wires and the HTTP API. Out: columns of the worker's counters, which any thread reads.
 * Nothing is allocated. The families are in observe/admin/channel_families.ts.
 */

import type { RateLimitName } from "../../config/mod.ts";
import {
  API_ERROR_COLUMNS,
  CHANNEL_COLUMN,
  CLIENT_ERROR_COLUMNS,
  type Column,
  type Counters,
  DISCONNECT_COLUMNS,
} from "../../ring/mod.ts";
import type { DeliveryTimer } from "../hub/mod.ts";

/** How a client is connected. */
export type ClientTransport = "websocket" | "sse" | "http_stream";
/** The same, and the clients of another protocol. */
type CountedTransport = ClientTransport | "pusher";

/** Who publishes. */
export type PublicationSource = "client" | "api" | "app";

/** What a limit refuses; the names are those of the options. */
export type ChannelLimit =
  | "channels"
  | "connections_per_user"
  | "channel_name"
  | "publication"
  | "channel_message"
  | "channel_commands"
  | "channel_connect_timeout"
  | "presence"
  | "api_body"
  | "api_commands"
  | "queued"
  | "recovery"
  | "recovery_size"
  | RateLimitName;

const CONNECTED = {
  websocket: CHANNEL_COLUMN.webSocketClientsConnected,
  sse: CHANNEL_COLUMN.sseClientsConnected,
  http_stream: CHANNEL_COLUMN.httpStreamClientsConnected,
  pusher: CHANNEL_COLUMN.pusherClientsConnected,
} as const;
const LEFT = {
  websocket: CHANNEL_COLUMN.webSocketClientsLeft,
  sse: CHANNEL_COLUMN.sseClientsLeft,
  http_stream: CHANNEL_COLUMN.httpStreamClientsLeft,
  pusher: CHANNEL_COLUMN.pusherClientsLeft,
} as const;
const LIMITS: Readonly<Record<ChannelLimit, Column>> = {
  channels: CHANNEL_COLUMN.limitChannels,
  connections_per_user: CHANNEL_COLUMN.limitConnectionsPerUser,
  channel_name: CHANNEL_COLUMN.limitName,
  publication: CHANNEL_COLUMN.limitPublication,
  channel_message: CHANNEL_COLUMN.limitMessage,
  channel_commands: CHANNEL_COLUMN.limitCommands,
  channel_connect_timeout: CHANNEL_COLUMN.limitConnectTime,
  presence: CHANNEL_COLUMN.limitPresence,
  api_body: CHANNEL_COLUMN.limitApiBody,
  api_commands: CHANNEL_COLUMN.limitApiCommands,
  queued: CHANNEL_COLUMN.limitQueued,
  recovery: CHANNEL_COLUMN.limitRecovery,
  recovery_size: CHANNEL_COLUMN.limitRecoverySize,
  publish_limit_per_user: CHANNEL_COLUMN.limitPublishPerUser,
  publish_limit_per_channel: CHANNEL_COLUMN.limitPublishPerChannel,
  subscribe_limit_per_user: CHANNEL_COLUMN.limitSubscribePerUser,
  history_limit_per_user: CHANNEL_COLUMN.limitHistoryPerUser,
  presence_limit_per_user: CHANNEL_COLUMN.limitPresencePerUser,
};
const PUBLISHED: Readonly<Record<PublicationSource, Column>> = {
  client: CHANNEL_COLUMN.publicationsByClients,
  api: CHANNEL_COLUMN.publicationsByApi,
  app: CHANNEL_COLUMN.publicationsByApp,
};
const UNSUBSCRIBES: Readonly<Record<number, Column>> = {
  2000: CHANNEL_COLUMN.unsubscribes2000,
  2500: CHANNEL_COLUMN.unsubscribes2500,
  2501: CHANNEL_COLUMN.unsubscribes2501,
};
const TOKENS = {
  connection: {
    expired: CHANNEL_COLUMN.connectionTokensExpired,
    invalid: CHANNEL_COLUMN.connectionTokensInvalid,
    unavailable: CHANNEL_COLUMN.connectionTokensUnavailable,
  },
  subscription: {
    expired: CHANNEL_COLUMN.subscriptionTokensExpired,
    invalid: CHANNEL_COLUMN.subscriptionTokensInvalid,
    unavailable: CHANNEL_COLUMN.subscriptionTokensUnavailable,
  },
} as const;
const CLIENT_ERRORS: Readonly<Record<number, Column>> = CLIENT_ERROR_COLUMNS;
const API_ERRORS: Readonly<Record<number, Column>> = API_ERROR_COLUMNS;
const DISCONNECTS: Readonly<Record<number, Column>> = DISCONNECT_COLUMNS;

/** The meter of one worker. */
export class ChannelMeter {
  readonly #counters: Counters;

  readonly #total: (column: Column) => number;
  readonly #timer: Pick<DeliveryTimer, "passed"> | undefined;

  /**
   * @param counters those of this thread
   * @param total the sum of a column over all threads
   * @param timer measures how long deliveries take; absent: nothing does
   */
  constructor(
    counters: Counters,
    total: (column: Column) => number,
    timer?: Pick<DeliveryTimer, "passed">,
  ) {
    this.#counters = counters;
    this.#total = total;
    this.#timer = timer;
  }

  /** The clients of all workers. */
  serverClients(): number {
    const transports = Object.keys(CONNECTED) as CountedTransport[];
    return transports.reduce((sum, one) => sum + this.#open(CONNECTED[one], LEFT[one]), 0);
  }

  /** Never negative, although the two are read at different moments. */
  #open(began: Column, ended: Column): number {
    const over = this.#total(ended);
    return Math.max(this.#total(began) - over, 0);
  }

  /** A client's connect command was accepted. */
  clientConnected(transport: CountedTransport): void {
    this.#add(CONNECTED[transport]);
  }

  /** Such a client is gone. */
  clientLeft(transport: CountedTransport): void {
    this.#add(LEFT[transport]);
  }

  /** The first client of a user has come. */
  userConnected(): void {
    this.#add(CHANNEL_COLUMN.usersConnected);
  }

  /** Its last one is gone. */
  userLeft(): void {
    this.#add(CHANNEL_COLUMN.usersLeft);
  }

  /** A client is subscribed; as a member, others can see it. */
  subscribed(isMember: boolean): void {
    this.#add(CHANNEL_COLUMN.subscriptionsStarted);
    if (isMember) this.#add(CHANNEL_COLUMN.membersEntered);
  }

  /** Such a subscription has ended. */
  unsubscribed(isMember: boolean): void {
    this.#add(CHANNEL_COLUMN.subscriptionsEnded);
    if (isMember) this.#add(CHANNEL_COLUMN.membersLeft);
  }

  /** A client was told that its subscription has ended. */
  unsubscribePushed(code: number): void {
    const column = UNSUBSCRIBES[code];
    if (column !== undefined) this.#add(column);
  }

  /** Publications were lost for a subscription. */
  lost(): void {
    this.#add(CHANNEL_COLUMN.subscriptionsLost);
  }

  /** The store took a publication. */
  published(source: PublicationSource): void {
    this.#add(PUBLISHED[source]);
  }

  /** A message with so many entries and bytes went to so many subscribers. */
  delivered(entries: number, bytes: number, subscribers: number): void {
    this.#counters.add(CHANNEL_COLUMN.deliveries, entries * subscribers);
    this.#counters.add(CHANNEL_COLUMN.deliveredMessages, subscribers);
    this.#counters.add(CHANNEL_COLUMN.deliveredBytes, bytes * subscribers);
    this.#timer?.passed(entries * subscribers);
  }

  /** A subscriber asked for what it had missed, and got it, or nothing. */
  recovered(isWhole: boolean, publications: number): void {
    this.#add(isWhole ? CHANNEL_COLUMN.recoveriesWhole : CHANNEL_COLUMN.recoveriesRefused);
    this.#counters.add(CHANNEL_COLUMN.recoveredPublications, publications);
  }

  /** It got a part, and will get the rest. */
  recoveredPart(publications: number): void {
    this.#counters.add(CHANNEL_COLUMN.recoveredPublications, publications);
  }

  /** A subscriber had missed more than it may recover: publications, or bytes of them. */
  recoveryExceeds(bound: "limit" | "maxBytes"): void {
    this.limitExceeded(bound === "limit" ? "recovery" : "recovery_size");
  }

  /** So many publications were sent as deltas, once for each subscriber, and are shorter by so many bytes. */
  deltasSent(count: number, savedBytes: number): void {
    this.#counters.add(CHANNEL_COLUMN.deltaDeliveries, count);
    this.#counters.add(CHANNEL_COLUMN.deltaSavedBytes, savedBytes);
  }

  /** A publication gave way to a newer one with the same key. */
  conflated(): void {
    this.#add(CHANNEL_COLUMN.conflated);
  }

  /** Too much waited for the end of an interval. */
  conflationEndedEarly(): void {
    this.#add(CHANNEL_COLUMN.conflationEndedEarly);
  }

  /** A message for a slow subscriber gave way to a newer one. */
  skipped(): void {
    this.#add(CHANNEL_COLUMN.slowSkips);
  }

  /** A slow subscription was ended, so that it recovers. */
  madeToRecover(): void {
    this.#add(CHANNEL_COLUMN.slowRecoveries);
  }

  /** A command of a client was answered with an error. */
  clientError(code: number): void {
    const column = CLIENT_ERRORS[code];
    if (column !== undefined) this.#add(column);
  }

  /** A command of the HTTP API was. */
  apiError(code: number): void {
    const column = API_ERRORS[code];
    if (column !== undefined) this.#add(column);
  }

  /** The server disconnects a client. */
  disconnected(code: number): void {
    this.#add(DISCONNECTS[code] ?? DISCONNECT_COLUMNS.other);
  }

  /** A token was refused. */
  tokenRefused(kind: keyof typeof TOKENS, reason: keyof typeof TOKENS["connection"]): void {
    this.#add(TOKENS[kind][reason]);
  }

  /** A request to the HTTP API had no key, or a wrong one. */
  apiKeyRefused(): void {
    this.#add(CHANNEL_COLUMN.apiKeysRefused);
  }

  /** A request or a message of the Pusher protocol had a wrong signature. */
  pusherSignatureRefused(): void {
    this.#add(CHANNEL_COLUMN.pusherSignaturesRefused);
  }

  /** An event of a client of the Pusher protocol was not passed on. */
  pusherEventRefused(): void {
    this.#add(CHANNEL_COLUMN.pusherEventsRefused);
  }

  /** Something was refused at a limit. */
  limitExceeded(limit: ChannelLimit): void {
    this.#add(LIMITS[limit]);
  }

  #add(column: Column): void {
    this.#counters.add(column, 1);
  }
}

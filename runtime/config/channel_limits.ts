/**
 * The limits on what a client or a backend can make the channels store or do, with their reasons and precedents.
 *
 * In: nothing. Out: defaults. All times are milliseconds. Bytes that wait for a client are bounded by `--max-queued`.
 */

/** Limits of channels. */
export interface ChannelLimits {
  /** Bytes of everything that is kept for all channels: histories, members, what waits for the workers. */
  readonly memoryBytes: number;
  /** Subscriptions of one connection; above it: error 106. */
  readonly channelsPerConnection: number;
  /** Connections of one user on all workers; above it: close 3504. 0: no limit. */
  readonly connectionsPerUser: number;
  /** Bytes of a channel's name; above it: error 107. */
  readonly nameBytes: number;
  /** Bytes of the data of one publication; above it: error 107. */
  readonly publicationBytes: number;
  /** Bytes of one message of commands; above it: close 1009. */
  readonly messageBytes: number;
  /** Commands of one connection in a second; above it: error 111, and close 3013 above twice as many. */
  readonly commandsPerSecond: number;
  /** Time for the connect command; then close 3502. */
  readonly connectTime: number;
  /** Time between two pings. */
  readonly pingTime: number;
  /** Time for the answer to one; then close 3012. */
  readonly pongTime: number;
  /** Time after its expiry in which a connection or a subscription can be refreshed; then close 3005, or unsubscribe 2501. */
  readonly expiryGrace: number;
  /** Time over which a stop ends the clients of a worker; less than the time for the whole stop. */
  readonly drainSpread: number;
  /** Clients that an answer about presence lists; above it: error 106. */
  readonly presenceClients: number;
  /** Publications of one recovery or answer about the history; a recovery of more is refused, as lost. */
  readonly historyPublications: number;
  /** Their bytes. An answer is queued whole, so it may be more than `--max-queued`. */
  readonly historyBytes: number;
  /** Bytes of a body of the HTTP API; above it: 413. */
  readonly apiBytes: number;
  /** Commands of one batch of the HTTP API, and channels of one broadcast; above it: error 107. */
  readonly apiCommands: number;
}

/** Defaults of {@link ChannelLimits}. */
export const CHANNEL_LIMITS: ChannelLimits = {
  memoryBytes: 64 * 1024 * 1024,
  // Centrifugo: client.channel_limit 128.
  channelsPerConnection: 128,
  // Centrifugo: client.user_connection_limit 0.
  connectionsPerUser: 0,
  // Centrifugo: channel.max_length 255.
  nameBytes: 255,
  // Centrifugo: websocket.message_size_limit 64 KiB.
  publicationBytes: 64 * 1024,
  // A reconnect brings the connect command and all subscriptions, each with a token, in one message.
  messageBytes: 1024 * 1024,
  // The same; a person who types sends ten.
  commandsPerSecond: 256,
  // Centrifugo: client.stale_close_delay 10s.
  connectTime: 10_000,
  // Centrifugo: client.ping_interval 25s, client.pong_timeout 8s.
  pingTime: 25_000,
  pongTime: 8_000,
  // Centrifugo: client.expired_close_delay 25s.
  expiryGrace: 25_000,
  // Clients come back within a second by themselves (centrifuge 5.8: after 0.5 to 1 s at first).
  drainSpread: 1_000,
  presenceClients: 10_000,
  // Centrifugo: client.recovery_max_publication_limit 300.
  historyPublications: 10_000,
  // What may be queued for a client.
  historyBytes: 1024 * 1024,
  apiBytes: 4 * 1024 * 1024,
  apiCommands: 1_000,
};

/**
 * The columns of a thread's counters that are about channels.
 *
 * In: nothing. Out: numbers for `Counters.add` and `get`. They follow the buckets of the latencies of requests; see layout.ts. They stay 0 without channels.
 */

/** Columns by name. All of them only grow. */
export const CHANNEL_COLUMN = {
  /** Clients that are connected, by their transport: their connect command was accepted, … */
  webSocketClientsConnected: 144,
  sseClientsConnected: 145,
  httpStreamClientsConnected: 146,
  /** … and their connection has ended. */
  webSocketClientsLeft: 147,
  sseClientsLeft: 148,
  httpStreamClientsLeft: 149,
  /** Users with a connected client in the thread; clients without a user are one. */
  usersConnected: 150,
  usersLeft: 151,
  /** Subscriptions of clients. */
  subscriptionsStarted: 152,
  subscriptionsEnded: 153,
  /** Clients that are listed as present in a channel: once for each channel. */
  membersEntered: 154,
  membersLeft: 155,
  /** Publications that the store took, by who sent them. */
  publicationsByClients: 156,
  publicationsByApi: 157,
  /** Publications, joins and leaves that were passed to a subscriber, once for each; the messages that held them, and their bytes. */
  deliveries: 158,
  deliveredMessages: 159,
  deliveredBytes: 160,
  /** Subscriptions that asked for what they had missed, and got all of it or none. */
  recoveriesWhole: 161,
  recoveriesRefused: 162,
  recoveredPublications: 163,
  /** Subscriptions that ended because publications were lost and could not be recovered. */
  subscriptionsLost: 164,
  /** Messages that a slow subscriber did not get because newer ones came, and subscriptions that have to recover instead. */
  slowSkips: 165,
  slowRecoveries: 166,
  /** Subscriptions that the server ended, by the code. */
  unsubscribes2000: 167,
  unsubscribes2500: 168,
  unsubscribes2501: 169,
  /** Tokens that were refused, by what they are for and why. */
  connectionTokensExpired: 170,
  connectionTokensInvalid: 171,
  connectionTokensUnavailable: 172,
  subscriptionTokensExpired: 173,
  subscriptionTokensInvalid: 174,
  subscriptionTokensUnavailable: 175,
  /** Requests to the HTTP API without the right key. */
  apiKeysRefused: 176,
  /** What was refused at a limit. */
  limitChannels: 177,
  limitConnectionsPerUser: 178,
  limitName: 179,
  limitPublication: 180,
  limitMessage: 181,
  limitCommands: 182,
  limitConnectTime: 183,
  limitPresence: 184,
  limitApiBody: 185,
  limitApiCommands: 186,
  limitQueued: 187,
  /** Publications of the app that the store took. */
  publicationsByApp: 237,
  /** Clients of the Pusher protocol, as those above. */
  pusherClientsConnected: 238,
  pusherClientsLeft: 239,
  /** Requests and messages of the Pusher protocol whose signature was wrong. */
  pusherSignaturesRefused: 240,
  /** Events of its clients that were not passed on. */
  pusherEventsRefused: 241,
  /** Publications that went to subscribers as deltas, once for each, and the bytes of data by which they are shorter. */
  deltaDeliveries: 242,
  deltaSavedBytes: 243,
  /** What was refused at a limit of a namespace. */
  limitPublishPerUser: 260,
  limitPublishPerChannel: 261,
  limitHistoryPerUser: 262,
  limitPresencePerUser: 263,
  limitSubscribePerUser: 266,
  /** Publications that gave way to newer ones with the same key, and intervals that ended early. */
  conflated: 264,
  conflationEndedEarly: 265,
  /** Requests to the backend of the proxy, by what it is asked about, … */
  proxyConnect: 267,
  proxyRefresh: 268,
  proxySubscribe: 269,
  proxyPublish: 270,
  proxySubRefresh: 271,
  proxyRpc: 272,
  /** … those of them that have ended, and the seconds that they took together. */
  proxyEnded: 273,
  proxySeconds: 274,
  /** Requests without an answer that could be used, and those that took too long. */
  proxyFailed: 275,
  proxyLate: 276,
  /** What was not asked, as too many requests were under way. */
  limitProxyRequests: 277,
  /** Sum of the latencies of deliveries, in microseconds. */
  deliveryMicroseconds: 278,
  /** Recoveries that would have had too many publications, or too many bytes of them. */
  limitRecovery: 279,
  limitRecoverySize: 280,
} as const;

/** Commands of clients that were answered with an error, by its code. */
export const CLIENT_ERROR_COLUMNS = {
  100: 188,
  101: 189,
  102: 190,
  103: 191,
  104: 192,
  105: 193,
  106: 194,
  107: 195,
  108: 196,
  109: 197,
  110: 198,
  111: 199,
  112: 200,
} as const;

/** The same of commands of the HTTP API. */
export const API_ERROR_COLUMNS = {
  100: 201,
  101: 202,
  102: 203,
  103: 204,
  104: 205,
  105: 206,
  106: 207,
  107: 208,
  108: 209,
  109: 210,
  110: 211,
  111: 212,
  112: 213,
} as const;

/** Clients that the server disconnected, by the close code; a backend may name any other. */
export const DISCONNECT_COLUMNS = {
  1009: 214,
  3000: 215,
  3001: 216,
  3004: 217,
  3005: 218,
  3006: 219,
  3008: 220,
  3009: 221,
  3010: 222,
  3011: 223,
  3012: 224,
  3013: 225,
  3500: 226,
  3501: 227,
  3502: 228,
  3503: 229,
  3504: 230,
  3505: 231,
  3506: 232,
  3507: 233,
  3508: 234,
  3509: 235,
  other: 236,
} as const;

/** The number of such a column. */
export type ChannelColumn =
  | (typeof CHANNEL_COLUMN)[keyof typeof CHANNEL_COLUMN]
  | (typeof CLIENT_ERROR_COLUMNS)[keyof typeof CLIENT_ERROR_COLUMNS]
  | (typeof API_ERROR_COLUMNS)[keyof typeof API_ERROR_COLUMNS]
  | (typeof DISCONNECT_COLUMNS)[keyof typeof DISCONNECT_COLUMNS];

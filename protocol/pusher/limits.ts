/**
 * Bounds that the Pusher protocol itself has, whatever a server allows besides.
 *
 * In: nothing. Out: numbers. They are those of Pusher Channels; bytes of data, of bodies and of messages are bounded by the server's
 * own limits of channels.
 */

/** Characters of a channel's name. */
export const CHANNEL_NAME_LENGTH = 200;
/** Characters of an event's name. */
export const EVENT_NAME_LENGTH = 200;
/** Characters of a user's id. */
export const USER_ID_LENGTH = 128;
/** Channels of one event. */
export const CHANNELS_OF_EVENT = 100;
/** Events of one batch. */
export const EVENTS_OF_BATCH = 10;
/** Seconds by which the clock of a backend may differ. */
export const TIMESTAMP_TOLERANCE = 600;

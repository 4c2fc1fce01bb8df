/**
 * How many connections a worker may have without regard to the other workers. Used by the worker, which takes
 * tasks and accepts, and by the acceptor while workers are starting.
 */

/** Up to this many connections a worker takes tasks without comparing itself with the others. */
export const FREE_SHARE = 16;

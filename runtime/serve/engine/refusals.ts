/**
 * Answers of a driver to requests that it cannot carry out.
 *
 * In: what a driver has found out about a fault. Out: the answer. Pure. Drivers also compare with the constants.
 */
import type { EngineFull, EngineUnavailable } from "./driver.ts";

/** What an answer says about a fault. */
export interface RequestFault {
  readonly reason: string;
  /** Whether the request may have been carried out. */
  readonly mayBeDone: boolean;
}

/** Nobody knows yet whether something was lost. */
export const UNVERIFIED: EngineUnavailable = unavailable({
  reason: "the server was restarted; nodes that follow the channel decide first",
  mayBeDone: false,
});
/** Between two links. */
export const NO_LINK: EngineUnavailable = unavailable({
  reason: "there is no connection to the server",
  mayBeDone: false,
});

/** The answer to a request that failed. */
export function unavailable({ reason, mayBeDone }: RequestFault): EngineUnavailable {
  return { status: "unavailable", reason, mayBeDone };
}

/** The answer to a request that may fail for want of room. */
export function refusal(
  fault: RequestFault & { readonly kind: string },
): EngineFull | EngineUnavailable {
  return fault.kind === "full" ? { status: "full" } : unavailable(fault);
}

/**
 * What the service manager is told of the server's state: sd_notify(3), as `Type=notify` of a unit asks for.
 *
 * In: NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID of the environment. Out: a datagram for each change of
 * state. Without that variable nothing is sent; a manager that does not hear changes nothing here.
 */

import { isNotifyAddress, preciseClock, sendDatagram } from "../os/mod.ts";

/** Reads a variable of the environment. */
export type Variable = (name: string) => string | undefined;

/** Tells the service manager, if there is one. */
export class ServiceManager {
  readonly #address: string | undefined;
  readonly #clock = preciseClock();
  readonly #watchdog: ReturnType<typeof setInterval> | undefined;

  constructor(variable: Variable, pid: number) {
    const address = variable("NOTIFY_SOCKET") ?? "";
    this.#address = isNotifyAddress(address) ? address : undefined;
    const interval = watchdogInterval(variable, pid);
    if (this.#address === undefined || interval === undefined) return;
    this.#watchdog = setInterval(() => this.#send("WATCHDOG=1"), interval);
  }

  /** It serves; `status` is what `systemctl status` shows. */
  ready(status: string): void {
    this.#send("READY=1", `STATUS=${status}`);
  }

  /** It reads its configuration anew; {@link ServiceManager.ready} says that it has. */
  reloading(): void {
    // CLOCK_MONOTONIC, by which the manager knows that this answers its own request.
    const microseconds = Math.floor(this.#clock() * 1000);
    this.#send("RELOADING=1", `MONOTONIC_USEC=${microseconds}`, "STATUS=reading everything anew");
  }

  /** It is about to stop, which may take `milliseconds`: more than the unit says, maybe. */
  stopping(milliseconds: number): void {
    clearInterval(this.#watchdog);
    this.#send(
      "STOPPING=1",
      `EXTEND_TIMEOUT_USEC=${Math.ceil(milliseconds * 1000)}`,
      "STATUS=stopping: waiting for what is under way",
    );
  }

  /** Says nothing any more. */
  dispose(): void {
    clearInterval(this.#watchdog);
  }

  #send(...lines: readonly string[]): void {
    if (this.#address !== undefined) sendDatagram(this.#address, lines.join("\n"));
  }
}

/** sd_watchdog_enabled(3): half the time after which the manager takes us for dead, in milliseconds. */
function watchdogInterval(variable: Variable, pid: number): number | undefined {
  const microseconds = Number(variable("WATCHDOG_USEC"));
  const meant = variable("WATCHDOG_PID");
  if (!(microseconds > 0) || (meant !== undefined && Number(meant) !== pid)) return undefined;
  return microseconds / 1000 / 2;
}

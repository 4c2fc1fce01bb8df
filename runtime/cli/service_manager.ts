/**
 * Reports the server's state to the service manager: sd_notify(3), for units of `Type=notify`.
 *
 * In: NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID of the environment. Out: a datagram for each change of
 * state. Without NOTIFY_SOCKET nothing is sent. A datagram that cannot be sent is lost; the server continues.
 */

import { isNotifyAddress, preciseClock, sendDatagram } from "../os/mod.ts";

/** Reads a variable of the environment. */
export type Variable = (name: string) => string | undefined;

/** Sends notifications to the service manager, if there is one. */
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

  /** The server serves; `systemctl status` shows `status`. */
  ready(status: string): void {
    this.#send("READY=1", `STATUS=${status}`);
  }

  /** A reload begins; {@link ServiceManager.ready} reports its end. */
  reloading(): void {
    // CLOCK_MONOTONIC: the manager uses it to match this message with its request.
    const microseconds = Math.floor(this.#clock() * 1000);
    this.#send("RELOADING=1", `MONOTONIC_USEC=${microseconds}`, "STATUS=reloading");
  }

  /** A stop begins, which may take `milliseconds`: possibly more than the unit allows. */
  stopping(milliseconds: number): void {
    clearInterval(this.#watchdog);
    this.#send(
      "STOPPING=1",
      `EXTEND_TIMEOUT_USEC=${Math.ceil(milliseconds * 1000)}`,
      "STATUS=stopping: finishing open requests",
    );
  }

  /** Ends the watchdog messages. */
  dispose(): void {
    clearInterval(this.#watchdog);
  }

  #send(...lines: readonly string[]): void {
    if (this.#address !== undefined) sendDatagram(this.#address, lines.join("\n"));
  }
}

/** sd_watchdog_enabled(3): milliseconds between two watchdog messages, half of the manager's timeout. */
function watchdogInterval(variable: Variable, pid: number): number | undefined {
  const microseconds = Number(variable("WATCHDOG_USEC"));
  const meant = variable("WATCHDOG_PID");
  if (!(microseconds > 0) || (meant !== undefined && Number(meant) !== pid)) return undefined;
  return microseconds / 1000 / 2;
}

/**
 * Reports the server's state to the service manager: sd_notify(3), for units of `Type=notify`.
 *
 * In: NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID of the environment. Out: a datagram for each change of
 * state, and watchdog messages from the first READY to the stop. Without NOTIFY_SOCKET nothing is sent. It
 * never blocks: the manager's queue is short (10 datagrams on most machines), and a state that does not fit
 * is sent again until it does.
 */

import { isNotifyAddress, preciseClock, sendDatagram } from "../os/mod.ts";

/** Reads a variable of the environment. */
export type Variable = (name: string) => string | undefined;

const RELOADING = "RELOADING=1";
/** Milliseconds until a state that was not accepted is sent again, and the number of attempts: 30 s. */
const RETRY_INTERVAL = 50;
const RETRIES = 600;

/** Sends notifications to the service manager, if there is one. */
export class ServiceManager {
  readonly #address: string | undefined;
  readonly #clock = preciseClock();
  readonly #watchdogInterval: number | undefined;
  #watchdog: ReturnType<typeof setInterval> | undefined;
  /** States that were not accepted yet, oldest first. */
  #waiting: readonly string[] = [];
  #retry: ReturnType<typeof setInterval> | undefined;
  #retriesLeft = 0;

  constructor(variable: Variable, pid: number) {
    const address = variable("NOTIFY_SOCKET") ?? "";
    this.#address = isNotifyAddress(address) ? address : undefined;
    this.#watchdogInterval = watchdogInterval(variable, pid);
  }

  /** The server serves; `systemctl status` shows `status`. */
  ready(status: string): void {
    // A manager of Type=notify-reload waits for RELOADING, too: READY does not replace it.
    const reloading = this.#waiting.filter((state) => state.startsWith(RELOADING));
    this.#report([...reloading, `READY=1\nSTATUS=${status}`]);
    this.#startWatchdog();
  }

  /** A reload begins; {@link ServiceManager.ready} reports its end. */
  reloading(): void {
    // CLOCK_MONOTONIC: the manager uses it to match this message with its request.
    const microseconds = Math.floor(this.#clock() * 1000);
    this.#report([`${RELOADING}\nMONOTONIC_USEC=${microseconds}\nSTATUS=reloading`]);
  }

  /** A stop begins, which may take `milliseconds`: possibly more than the unit allows. */
  stopping(milliseconds: number): void {
    clearInterval(this.#watchdog);
    const microseconds = Math.ceil(milliseconds * 1000);
    const status = "STATUS=stopping: finishing open requests";
    this.#report([`STOPPING=1\nEXTEND_TIMEOUT_USEC=${microseconds}\n${status}`]);
  }

  /** Another process is the service from now on, which reports its own state. */
  handOver(pid: number): void {
    clearInterval(this.#watchdog);
    this.#watchdog = undefined;
    this.#report([`MAINPID=${pid}`]);
  }

  /** Ends the watchdog messages and the attempts to send a state. */
  dispose(): void {
    clearInterval(this.#watchdog);
    clearInterval(this.#retry);
  }

  /** Not before READY: until then the manager expects none, and they could fill its queue. */
  #startWatchdog(): void {
    if (this.#watchdogInterval === undefined || this.#watchdog !== undefined) return;
    this.#watchdog = setInterval(() => {
      // A waiting state comes first.
      if (this.#waiting.length === 0) this.#send("WATCHDOG=1");
    }, this.#watchdogInterval);
  }

  /** Sends the states in their order; they replace those that are still waiting. */
  #report(states: readonly string[]): void {
    this.#waiting = states;
    clearInterval(this.#retry);
    this.#sendWaiting();
    if (this.#waiting.length === 0) return;
    this.#retriesLeft = RETRIES;
    this.#retry = setInterval(() => this.#sendAgain(), RETRY_INTERVAL);
  }

  #sendAgain(): void {
    this.#sendWaiting();
    if (--this.#retriesLeft === 0) this.#waiting = [];
    if (this.#waiting.length === 0) clearInterval(this.#retry);
  }

  #sendWaiting(): void {
    const refused = this.#waiting.findIndex((state) => !this.#send(state));
    this.#waiting = refused < 0 ? [] : this.#waiting.slice(refused);
  }

  /** Returns false if the manager's socket did not accept the text. */
  #send(text: string): boolean {
    return this.#address === undefined || sendDatagram(this.#address, text);
  }
}

/** sd_watchdog_enabled(3): milliseconds between two watchdog messages, half of the manager's timeout. */
function watchdogInterval(variable: Variable, pid: number): number | undefined {
  const microseconds = Number(variable("WATCHDOG_USEC"));
  const meant = variable("WATCHDOG_PID");
  if (!(microseconds > 0) || (meant !== undefined && Number(meant) !== pid)) return undefined;
  return microseconds / 1000 / 2;
}

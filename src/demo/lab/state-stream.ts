/** Sends the lab's state to everybody who listens: whole, so that whatever a slow reader has missed does not matter. */
import type { ServerResponse } from "node:http";
import type { LabState } from "../../api/lab.ts";
import { eventText, heartbeat } from "../../http/events/event-text.ts";
import type { Lab } from "./lab.ts";

const sendEveryMs = 250;
const heartbeatMs = 15_000;

interface Listener {
  readonly response: ServerResponse;
  readonly mayAct: boolean;
  /** Its connection takes nothing more for now. */
  isStalled: boolean;
  /** Something has changed since it was sent the state. */
  isBehind: boolean;
}

export class StateStream {
  readonly #lab: Lab;
  readonly #listeners = new Set<Listener>();
  readonly #onChanged = () => this.#changed();
  #timer: NodeJS.Timeout | undefined;
  readonly #beat: NodeJS.Timeout;

  constructor(lab: Lab) {
    this.#lab = lab;
    lab.events.on("changed", this.#onChanged);
    this.#beat = setInterval(() => {
      for (const { response, isStalled } of this.#listeners) if (!isStalled) response.write(heartbeat);
    }, heartbeatMs);
    this.#beat.unref();
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  /** The head of the response has been sent. */
  add(response: ServerResponse, mayAct: boolean): void {
    const listener = { response, mayAct, isStalled: false, isBehind: true };
    this.#listeners.add(listener);
    response.on("close", () => this.#listeners.delete(listener));
    response.on("drain", () => {
      listener.isStalled = false;
      if (listener.isBehind) this.#changed();
    });
    this.#send([listener]);
  }

  close(): void {
    this.#lab.events.off("changed", this.#onChanged);
    clearInterval(this.#beat);
    clearTimeout(this.#timer);
    for (const { response } of this.#listeners) response.end();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener.isBehind = true;
    if (this.#timer || this.#listeners.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#send([...this.#listeners]);
    }, sendEveryMs);
    this.#timer.unref();
  }

  #send(listeners: readonly Listener[]): void {
    const texts = new Map<boolean, string>();
    for (const listener of listeners) {
      if (listener.isStalled || !listener.isBehind) continue;
      const { mayAct, response } = listener;
      const text = texts.get(mayAct) ?? stateText(this.#lab.state(mayAct));
      texts.set(mayAct, text);
      listener.isBehind = false;
      listener.isStalled = !response.write(text);
    }
  }
}

const stateText = (state: LabState) => eventText("state", state);

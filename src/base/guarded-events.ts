/** Events for those who only listen: a listener that throws is logged. Neither the emitter nor any other listener notices. */
import { EventEmitter } from "node:events";
import { toError } from "./invariant.ts";
import type { Logger } from "./logger.ts";

/**
 * Node's emitter throws what a listener throws into the code that emits. An import that is already committed would then
 * look failed. Here each listener stands for itself, also one that is asynchronous.
 *
 * @param source names the emitter in the log
 */
export function guardedEvents<Events extends Record<keyof Events, unknown[]>>(
  source: string,
  logger: Logger,
): EventEmitter<Events> {
  const events: EventEmitter = new GuardedEmitter(source, logger);
  // A node's parts listen once each. Their number is fixed, and above the ten from which Node warns of a leak.
  events.setMaxListeners(0);
  return events as EventEmitter<Events>;
}

class GuardedEmitter extends EventEmitter {
  readonly #source: string;
  readonly #logger: Logger;

  constructor(source: string, logger: Logger) {
    super();
    this.#source = source;
    this.#logger = logger;
  }

  override emit(name: string | symbol, ...values: unknown[]): boolean {
    const listeners = this.rawListeners(name);
    const event = `${this.#source}: ${String(name)}`;
    for (const listener of listeners) {
      guarded(
        () => Reflect.apply(listener, this, values),
        (error) => this.#logger.error({ error, event }, "a listener failed; what it listens to goes on"),
      );
    }
    return listeners.length > 0;
  }
}

/** Runs what may throw or reject, and hands its error to `onError`: nothing of it reaches the caller. */
export function guarded(run: () => unknown, onError: (error: Error) => void): void {
  try {
    const result = run();
    if (result instanceof Promise) result.catch((thrown: unknown) => onError(toError(thrown)));
  } catch (thrown) {
    onError(toError(thrown));
  }
}

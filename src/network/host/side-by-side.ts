/** Several addresses of one peer, tried side by side: the first that answers is taken (as RFC 8305, happy eyeballs). */
import type { Clock, Timer } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";

export interface SideBySideOptions {
  /** The next address is tried when the one before has failed, or after this long. */
  readonly staggerMs: number;
  /** The time limit of each address. */
  readonly limitMs: number;
}

export const defaultSideBySide: SideBySideOptions = { staggerMs: 250, limitMs: 5_000 };

/** No address has answered. Holds the reason for each address. */
export class NoneAnswered extends Error {
  readonly failures: readonly { readonly address: string; readonly error: Error }[];

  constructor(failures: readonly { readonly address: string; readonly error: Error }[]) {
    super(failures.map(({ address, error }) => `${address}: ${error.message}`).join("; "));
    this.failures = failures;
  }
}

/** An address has not answered within its time. */
export class AddressTimeout extends Error {}

export interface SideBySideModules<Answer> {
  readonly clock: Clock;
  /** Tries one address; gives up when `signal` aborts. */
  readonly attempt: (address: string, signal: AbortSignal) => Promise<Answer>;
  /** Called with an answer that came after another one had been taken. */
  readonly discard: (answer: Answer) => void;
}

/**
 * Tries all of `addresses` in their order, each with a time limit of its own.
 *
 * @returns the first answer and its address
 * @throws NoneAnswered; the signal's reason if it aborts
 */
export function firstAnswer<Answer>(
  addresses: readonly string[],
  { staggerMs, limitMs }: SideBySideOptions,
  { clock, attempt, discard }: SideBySideModules<Answer>,
  signal?: AbortSignal,
): Promise<{ readonly address: string; readonly answer: Answer }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    readonly address: string;
    readonly answer: Answer;
  }>();
  const failures: { readonly address: string; readonly error: Error }[] = [];
  const running = new Set<AbortController>();
  let next = 0;
  let isSettled = false;
  let stagger: Timer | undefined;

  const settle = (outcome: () => void) => {
    isSettled = true;
    stagger?.cancel();
    signal?.removeEventListener("abort", onAbort);
    for (const controller of running) controller.abort(new Error("another address has answered"));
    outcome();
  };
  const onAbort = () => settle(() => reject(toError(signal?.reason)));

  const tryNext = () => {
    stagger?.cancel();
    const address = addresses[next];
    if (isSettled || address === undefined) return;
    next += 1;
    void tryOne(address);
    if (next < addresses.length) stagger = clock.schedule(staggerMs, tryNext);
  };

  const tryOne = async (address: string) => {
    const controller = new AbortController();
    running.add(controller);
    const late = new AddressTimeout(`no answer within ${limitMs / 1_000} s`);
    const limit = clock.schedule(limitMs, () => controller.abort(late));
    try {
      const answer = await unlessAborted(attempt(address, controller.signal), controller.signal, discard);
      running.delete(controller);
      if (isSettled) discard(answer);
      else settle(() => resolve({ address, answer }));
    } catch (thrown) {
      running.delete(controller);
      if (isSettled) return;
      const error = controller.signal.aborted ? late : toError(thrown);
      failures.push({ address, error });
      if (failures.length === addresses.length) settle(() => reject(new NoneAnswered(failures)));
      else tryNext();
    } finally {
      limit.cancel();
    }
  };

  if (signal?.aborted) onAbort();
  else if (addresses.length === 0) settle(() => reject(new NoneAnswered([])));
  else {
    signal?.addEventListener("abort", onAbort, { once: true });
    tryNext();
  }
  return promise;
}

/** Rejects as soon as the signal aborts, even if the attempt does not listen to it. */
function unlessAborted<Answer>(
  attempt: Promise<Answer>,
  signal: AbortSignal,
  discard: (answer: Answer) => void,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(toError(signal.reason)), { once: true });
    attempt.then((answer) => (signal.aborted ? discard(answer) : resolve(answer)), reject);
  });
}

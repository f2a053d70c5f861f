/** What a node does after its chain has changed: one ordered list for each kind of change, each step on its own. */
import { guarded } from "../base/guarded-events.ts";
import type { Logger } from "../base/logger.ts";
import type { Chain, ChainEvents } from "../chain/chain.ts";

/** A name for the log, and what is done. */
export type Step<Values extends unknown[]> = readonly [name: string, run: (...values: Values) => unknown];

/** In the order in which the steps run. */
export type ChainSteps = { readonly [Kind in keyof ChainEvents]?: readonly Step<ChainEvents[Kind]>[] };

/**
 * Runs the steps of a kind after each change of that kind. A step that fails is logged; the steps after it run all the
 * same, and the change stays. Whoever listens to `chain.events` later comes after all steps.
 */
export function followChain(chain: Pick<Chain, "events">, steps: ChainSteps, logger: Logger): void {
  for (const kind of Object.keys(steps) as (keyof ChainEvents)[]) follow(chain, kind, steps[kind], logger);
}

function follow<Kind extends keyof ChainEvents>(
  { events }: Pick<Chain, "events">,
  kind: Kind,
  steps: ChainSteps[Kind],
  logger: Logger,
): void {
  const run = (...values: ChainEvents[Kind]) => {
    for (const [step, act] of steps ?? []) {
      guarded(
        () => act(...values),
        (error) => logger.error({ error, step, after: kind }, "a step after a change of the chain failed"),
      );
    }
  };
  events.on(kind, run as never);
}

/** What the run and an attacker's process say to each other over IPC. */

/** What an attacker is told before it begins. */
export interface Order {
  /** Multiaddrs of the honest nodes; the first is the one under attack. */
  readonly targets: readonly string[];
  /** The chain spec of the honest nodes, as JSON. */
  readonly spec: string;
  readonly network: string;
  /** Its place among the attackers of this run, from 0. */
  readonly index: number;
  /** Hex seeds of keys that this attacker holds: an authority's, if the row gives it one. */
  readonly seeds: readonly string[];
  /** What the row asks for, such as the way in which a slow server is slow. */
  readonly variant: string;
  /** How long the attack is going to be. */
  readonly seconds: number;
}

/** What the run says to an attacker. */
export type ToAttacker =
  | { readonly say: "order"; readonly order: Order }
  | { readonly say: "begin" }
  | { readonly say: "end" };

/** What an attacker says to the run. */
export type FromAttacker =
  /** Connected, and ready to begin. */
  | { readonly say: "ready"; readonly addresses: readonly string[] }
  /** It has sent or served something for the first time. */
  | { readonly say: "acted" }
  /** A honest node has closed a connection, this long after the attack began. */
  | { readonly say: "cut"; readonly afterMs: number }
  /** Messages, requests or connections that were made in all. */
  | { readonly say: "done"; readonly count: number }
  | { readonly say: "failed"; readonly reason: string };

/** What the run says to the process of the newcomers. */
export type ToNewcomers =
  | {
      readonly say: "prepare";
      /** The chain spec of the honest nodes, as JSON. */
      readonly spec: string;
      readonly network: string;
      readonly count: number;
    }
  | { readonly say: "come"; readonly address: string }
  /** None comes any more. */
  | { readonly say: "enough" };

/** What that process says to the run. */
export type FromNewcomers =
  | { readonly say: "prepared" }
  /** Milliseconds until each had been greeted; infinite if it never was. */
  | { readonly say: "came"; readonly tookMs: readonly number[]; readonly ids: readonly string[] };

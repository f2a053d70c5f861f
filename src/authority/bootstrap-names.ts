/** Whether a peer that was dialled by name is in the LAN. Only names that the operator wrote count, and what they resolve to. */
import { lookup } from "node:dns/promises";
import type { Clock } from "../base/clock.ts";
import { isPrivateAddress } from "./private-address.ts";

/** After this time the resolver is asked again. */
const keptMs = 60_000;

export type ResolveName = (
  name: string,
) => Promise<readonly { readonly address: string; readonly family: number }[]>;

/** The addresses of a name, as the system gives them. */
export const systemResolver: ResolveName = (name) => lookup(name, { all: true });

/**
 * A connection that was dialled by a name, as in `/dns4/authority-2/tcp/13246`, does not tell the address behind the
 * name. Peers announce names, too. An attacker could let its name resolve to an address of the LAN, so names that came
 * from peers do not count here.
 */
export class BootstrapNames {
  readonly #written: () => readonly string[];
  readonly #resolve: ResolveName;
  readonly #clock: Clock;
  readonly #known = new Map<string, { isPrivate: boolean; atMs: number }>();

  /** @param written the operator's bootstrap addresses, as multiaddrs */
  constructor(written: () => readonly string[], clock: Clock, resolve: ResolveName = systemResolver) {
    this.#written = written;
    this.#clock = clock;
    this.#resolve = resolve;
  }

  /**
   * Uses the last answer of the resolver, and asks again if that answer is old. False until the first answer has come.
   *
   * @param address multiaddr of a connection
   */
  isPrivate(address: string): boolean {
    const name = nameIn(address);
    const names = new Set(this.#written().map(nameIn));
    for (const known of this.#known.keys()) if (!names.has(known)) this.#known.delete(known);
    if (name === undefined || !names.has(name)) return false;
    const known = this.#known.get(name);
    const nowMs = this.#clock.monotonicMs();
    if (!known || nowMs - known.atMs > keptMs) this.#look(name, known?.isPrivate ?? false, nowMs);
    return this.#known.get(name)?.isPrivate ?? false;
  }

  #look(name: string, before: boolean, atMs: number): void {
    this.#known.set(name, { isPrivate: before, atMs });
    this.#resolve(name).then(
      (found) => {
        const isPrivate =
          found.length > 0 &&
          found.every(({ address, family }) => isPrivateAddress(`/ip${family}/${address}`));
        if (this.#known.has(name)) this.#known.set(name, { isPrivate, atMs });
      },
      () => this.#known.delete(name),
    );
  }
}

/** The name in `/dns4/authority-2/tcp/13246`; undefined if the multiaddr begins otherwise. */
function nameIn(address: string): string | undefined {
  return /^\/dns[46]?\/([^/]+)/.exec(address)?.[1]?.toLowerCase();
}

/** Why catching up with one peer failed: range sync goes on with another peer. */
import { describeFault, type Fault } from "../../protocol/faults.ts";
import type { PeerId } from "../peer-host.ts";
import { verdictOf } from "../verdicts.ts";
import type { FetchModules } from "./fetch-modules.ts";

export class PeerFailure extends Error {}

/** Penalises the peer that served the bad bytes (this need not be the peer that is followed), and says what was bad. */
export function failureOf(
  { penalise }: Pick<FetchModules, "penalise">,
  from: PeerId,
  fault: Fault,
  what: string,
): PeerFailure {
  if (verdictOf(fault) === "reject") penalise(from, fault);
  return new PeerFailure(`${what} from ${from}: ${describeFault(fault)}`);
}

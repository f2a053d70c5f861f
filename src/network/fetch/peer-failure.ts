/** Why catching up with one peer failed: range sync goes on with another peer. */
import { describeFault, type Fault } from "../../protocol/faults.ts";
import type { PeerId } from "../peer-host.ts";
import { verdictOf } from "../verdicts.ts";

export class PeerFailure extends Error {}

/** Called with a peer that served something that nobody who follows the rules has. */
export type Penalise = (peer: PeerId, fault: Fault) => void;

/** Penalises the peer that served the bad bytes (this need not be the peer that is followed), and says what was bad. */
export function failureOf(penalise: Penalise, from: PeerId, fault: Fault, what: string): PeerFailure {
  if (verdictOf(fault) === "reject") penalise(from, fault);
  return new PeerFailure(`${what} from ${from}: ${describeFault(fault)}`);
}

/** Why catching up with one peer failed: range sync goes on with another peer. */
import { describeFault, type Fault } from "../../protocol/faults.ts";
import type { PeerId } from "../peer-host.ts";
import { type BadAnswerModules, reportBadAnswer } from "../peers/bad-answer.ts";
import { verdictOf } from "../verdicts.ts";

export class PeerFailure extends Error {}

/** Reports the peer that served the bad bytes (this need not be the peer that is followed), and says what was bad. */
export function failureOf(modules: BadAnswerModules, from: PeerId, fault: Fault, what: string): PeerFailure {
  if (verdictOf(fault) === "reject") reportBadAnswer(modules, from, fault);
  return new PeerFailure(`${what} from ${from}: ${describeFault(fault)}`);
}

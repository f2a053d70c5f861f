/** A peer answered a request with bytes that no node which follows the rules has. */
import type { Logger } from "../../base/logger.ts";
import { describeFault, type Fault } from "../../protocol/faults.ts";
import type { PeerHost, PeerId } from "../peer-host.ts";

export interface BadAnswerModules {
  readonly host: Pick<PeerHost, "report">;
  readonly logger: Logger;
}

/** Names the fault in the log and reports the peer, which is banned for it. */
export function reportBadAnswer({ host, logger }: BadAnswerModules, peer: PeerId, fault: Fault): void {
  logger.warn({ peer, fault: describeFault(fault) }, "a peer served what nobody should and is banned");
  host.report(peer, "bad answer", fault.code);
}

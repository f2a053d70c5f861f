/** What the parts of fetching work with: one set for all of them. */
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { Chain } from "../../chain/chain.ts";
import type { BlockLog } from "../gossip/block-log.ts";
import type { BlockDecoder } from "../host/block-decoder.ts";
import type { PeerHost } from "../peer-host.ts";
import type { PeerDirectory } from "../peers/directory.ts";
import type { ChainRequests } from "./requests.ts";
import type { SyncMeter } from "./sync-meter.ts";

export interface FetchModules {
  readonly chain: Chain;
  readonly requests: ChainRequests;
  readonly decoder: BlockDecoder;
  readonly directory: PeerDirectory;
  readonly blockLog: Pick<BlockLog, "imported" | "broadcast">;
  readonly meter: SyncMeter;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly host: Pick<PeerHost, "report">;
}

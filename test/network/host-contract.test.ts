/** Both peer hosts keep one contract. */
import { peerHostContract } from "./host-contract.ts";
import { libp2pRig, memoryRig } from "./host-rigs.ts";

peerHostContract("in memory", memoryRig);
peerHostContract("libp2p", libp2pRig);

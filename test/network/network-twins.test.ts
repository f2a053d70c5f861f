import { networkContract } from "./network-contract.ts";
import { libp2pNetworkRig, memoryNetworkRig } from "./network-rigs.ts";

networkContract("in memory", memoryNetworkRig);
networkContract("over libp2p", libp2pNetworkRig);

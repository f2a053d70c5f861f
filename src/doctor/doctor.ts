/** Looks at all that a node needs from its machine, and at the node where one runs. */

import type { NodeConfig } from "../config/node-config.ts";
import { holderApi } from "../node/holder-api.ts";
import { otherChain, otherNode } from "../node/own-directory.ts";
import { type LockHolder, readDirectoryLock } from "../store/directory-lock.ts";
import { checkBootstrap } from "./bootstrap.ts";
import type { Finding } from "./finding.ts";
import { checkMdnsPort, checkMulticastRoute } from "./multicast.ts";
import { checkChainFiles, checkDataDirectory, checkDiskSpace, checkJournals } from "./places.ts";
import { checkPort } from "./ports.ts";
import {
  adviceFindings,
  askNode,
  checkChainOfPeers,
  checkClock,
  checkNode,
  checkPeers,
  type RunningNode,
} from "./running-node.ts";
import { checkSqlLedger } from "./sql-ledger.ts";

/** Every check, in the order in which trouble begins; takes some seconds and changes nothing. */
export async function examine(config: NodeConfig): Promise<Finding[]> {
  const { dataDir, network, mdns, api } = config;
  const holder = await readDirectoryLock(dataDir).catch(() => undefined);
  const node = await nodeOf(dataDir, holder);
  const peerPort = { hosts: config.listenAddress, port: config.port, flag: "--port" };
  const apiPort = { hosts: [config.apiHost], port: config.apiPort, flag: "--api-port" };
  return [
    await checkDataDirectory(dataDir, holder),
    await checkDiskSpace(dataDir),
    await checkChainFiles(dataDir, holder),
    await checkJournals(dataDir),
    await checkPort({ check: "peer-port", ...peerPort, holder }),
    ...(api ? [await checkPort({ check: "api-port", ...apiPort, holder })] : []),
    await checkMulticastRoute(mdns),
    await checkMdnsPort(mdns, network),
    checkNode(node),
    ...adviceFindings(node),
    ...checkClock(node),
    checkPeers(node),
    await checkBootstrap(node, config.bootstrap),
    checkChainOfPeers(node),
    checkSqlLedger(node),
  ];
}

/** The node that runs on the directory, and no other that happens to answer; else why there is none. */
async function nodeOf(dataDir: string, holder: LockHolder | undefined): Promise<RunningNode | string> {
  if (!holder) return `no process holds ${dataDir}`;
  const { apiUrl } = holder;
  if (apiUrl === null) return `process ${holder.pid} runs on ${dataDir}, and has no API (yet)`;
  const node = await askNode(holderApi({ ...holder, apiUrl }));
  if (typeof node === "string") return node;
  const why = (await otherChain(dataDir, node.status)) ?? (await otherNode(dataDir, node.status));
  return why === undefined ? node : `what answers at ${holder.apiUrl} is another node: ${why}`;
}

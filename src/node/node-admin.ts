/** What an operator may change in a running node: its log, its bootstrap addresses, its bans, and its end. */
import { peerIdFromString } from "@libp2p/peer-id";
import type { BootstrapAnswer, LogLevel } from "../api/admin.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { tcpMultiaddrs } from "../config/readers.ts";
import type { AdminControl, AdminFault } from "../http/admin-control.ts";
import type { PeerHost } from "../network/peer-host.ts";

/** What belongs to the process and not to the node; absent where the node is a part of another program. */
export interface ProcessControl {
  logLevel: LogLevel;
  /** Begins a clean stop of the process; again does nothing. */
  stop(): void;
}

export interface NodeAdminModules {
  readonly host: PeerHost;
  readonly process: ProcessControl | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

const bootstrapMax = 64;

export class NodeAdmin implements AdminControl {
  readonly #modules: NodeAdminModules;

  constructor(modules: NodeAdminModules) {
    this.#modules = modules;
  }

  setLogLevel(level: LogLevel): Result<LogLevel, AdminFault> {
    const { process } = this.#modules;
    if (!process) return fail({ code: "admin/log-not-own" });
    const before = process.logLevel;
    process.logLevel = level;
    this.#modules.logger.info({ level, before }, "the operator has changed the log's level");
    return ok(before);
  }

  changeBootstrap(action: "add" | "remove", address: string): Result<boolean, AdminFault> {
    const { host, logger } = this.#modules;
    const read = tcpMultiaddrs.read([address], { homeDirectory: undefined });
    if (read?.length !== 1) return fail({ code: "admin/address-invalid", expected: tcpMultiaddrs.expected });
    if (action === "add" && host.bootstrap().length >= bootstrapMax) {
      return fail({ code: "admin/too-many-addresses", most: bootstrapMax });
    }
    const changed = action === "add" ? host.addBootstrap(address) : host.removeBootstrap(address);
    if (changed) logger.info({ action, address }, "the operator has changed the bootstrap addresses");
    return ok(changed);
  }

  bootstrap(): BootstrapAnswer["bootstrap"] {
    return this.#modules.host.bootstrap();
  }

  async ban(
    nodeId: string,
    forMs: number,
    reason: string,
  ): Promise<Result<{ readonly untilMs: number; readonly wasConnected: boolean }, AdminFault>> {
    const { host, clock } = this.#modules;
    if (!isNodeId(nodeId)) return fail({ code: "admin/node-id-invalid" });
    if (nodeId === host.peerId) return fail({ code: "admin/own-node-id" });
    const wasConnected = host.peers().some(({ peerId }) => peerId === nodeId);
    await host.ban(nodeId, forMs, `banned by ${reason}`);
    return ok({ untilMs: clock.nowMs() + forMs, wasConnected });
  }

  unban(nodeId: string): Result<boolean, AdminFault> {
    const { host, logger } = this.#modules;
    if (!isNodeId(nodeId)) return fail({ code: "admin/node-id-invalid" });
    const wasBanned = host.unban(nodeId);
    if (wasBanned) logger.info({ nodeId }, "the operator has ended the ban of a peer");
    return ok(wasBanned);
  }

  stop(): Result<void, AdminFault> {
    const { process, logger } = this.#modules;
    if (!process) return fail({ code: "admin/not-stoppable" });
    logger.info({}, "the operator has told the node to stop");
    process.stop();
    return ok(undefined);
  }
}

function isNodeId(text: string): boolean {
  try {
    return peerIdFromString(text).toString() === text;
  } catch {
    return false;
  }
}

/** A member of somebody's pool on this machine: a host without a node, mining threads, and no chain. */
import { randomBytes } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { PoolMember, type PoolMemberStatus } from "../member/pool-member.ts";
import { parseAddress } from "../network/libp2p/addresses.ts";
import { publicKeyOfAddress } from "../protocol/identity.ts";
import { seedBytes } from "../protocol/signing.ts";
import { createMiningThreads } from "../sealing/pow/mining-threads.ts";
import { createPoolHost, softwareVersion } from "./node-host.ts";
import { exitCodes, OperatorError } from "./operator-error.ts";

export interface PoolMinerOptions {
  /** Multiaddr of the pool; with `/p2p/` only that pool is joined. */
  readonly pool: string;
  /** Address of the account that the pool is to pay. */
  readonly account: string;
  readonly threads: number | "auto";
}

export type PoolMinerStatus = PoolMemberStatus;

export interface PoolMiner {
  start(): Promise<void>;
  stop(): Promise<void>;
  status(): PoolMinerStatus;
}

/** @throws OperatorError if the multiaddr or the address is malformed */
export async function openPoolMiner(
  { pool, account, threads }: PoolMinerOptions,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Promise<PoolMiner> {
  const publicKey = publicKeyOfAddress(account);
  if (!publicKey) {
    throw new OperatorError(`${account} is no address`, {
      code: "pool/account-invalid",
      exitCode: exitCodes.usage,
      why: "a pool pays to an address (aurex1…); a letter is wrong or missing, or it is a name",
      next: "make one with: aurex-node keys new NAME, or copy the whole address again",
    });
  }
  if (!/\/tcp\/[1-9]\d*/.test(pool) || !parseAddress(pool)) {
    throw new OperatorError(`${pool} is no address of a pool`, {
      code: "pool/multiaddr-invalid",
      exitCode: exitCodes.usage,
      why: "it must be a multiaddr with host and TCP port",
      next: "copy what aurex-node pool serve prints, such as /ip4/192.0.2.1/tcp/13247/p2p/12D3Koo…",
    });
  }
  const host = await createPoolHost(
    {
      // A key for this run only: shares are credited to the account, and not to this host.
      privateKeySeed: new Uint8Array(randomBytes(seedBytes)),
      listenAddresses: [],
      bootstrap: [pool],
      maxConnections: 4,
    },
    // The member says in a pool's words what the host has to say of its only peer.
    { clock, logger: quiet(logger) },
  );
  const member = new PoolMember(
    { account: publicKey, software: softwareVersion },
    { host, threads: createMiningThreads({ threads }, { logger }), clock, logger },
  );
  return {
    start: () => member.start(),
    stop: () => member.stop(),
    status: () => member.status(),
  };
}

/** Logs everything but errors at the level debug. */
function quiet(logger: Logger): Logger {
  const debug = (fields: object, message: string) => logger.debug(fields, message);
  return {
    debug,
    info: debug,
    warn: debug,
    error: (fields, message) => logger.error(fields, message),
    child: (bindings) => quiet(logger.child(bindings)),
  };
}

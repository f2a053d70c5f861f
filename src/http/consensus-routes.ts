/** The routes about how the chain is made: consensus, turns, mining, branches, what it began with, what happened on it. */
import type { FastifyInstance } from "fastify";
import { getAuthorityUptime, getConsensus, uptimeBlocksDefault } from "../api/agreement.ts";
import { getMining, getMiningHistory } from "../api/difficulty.ts";
import { branchesMax, getForks } from "../api/forks.ts";
import { getGenesis } from "../api/genesis.ts";
import { limitOf } from "../api/shapes.ts";
import { getStats, statsWindowDefault } from "../api/stats.ts";
import { toHex } from "../base/bytes.ts";
import { systemClock } from "../base/clock.ts";
import { toError } from "../base/invariant.ts";
import { chainSpecToJson } from "../protocol/chain-spec-json.ts";
import { GenesisType } from "../protocol/genesis.ts";
import { ApiError } from "./api-error.ts";
import type { ApiModules } from "./api-modules.ts";
import { ChainActivity } from "./chain-activity.ts";
import { consensusAnswer } from "./consensus-answer.ts";
import { forksAnswer } from "./forks-answer.ts";
import { miningAnswer, miningHistoryAnswer } from "./mining-answer.ts";
import { answered, serveRoute } from "./serve-route.ts";
import { statsAnswer } from "./stats-answer.ts";
import { UptimeBook } from "./uptime-answer.ts";

export function addConsensusRoutes(app: FastifyInstance, modules: ApiModules): void {
  const { chain, status } = modules;
  const { consensus } = chain.spec;
  const uptime = new UptimeBook(chain);

  serveRoute(app, getConsensus, () => {
    const heard = modules.authorities?.view().authorities ?? [];
    const nameOfNode = ({ name, self }: (typeof heard)[number]) => name ?? (self ? status().name : null);
    return consensusAnswer(chain, new Map(heard.map((each) => [each.address, nameOfNode(each)])));
  });

  serveRoute(app, getAuthorityUptime, ({ query }) => {
    if (consensus !== "poa") throw notProofOfAuthority();
    return uptime.answer(Number(query.blocks ?? uptimeBlocksDefault));
  });

  serveRoute(app, getMining, () => {
    if (consensus !== "pow") throw notProofOfWork();
    return miningAnswer(chain, status());
  });

  serveRoute(app, getMiningHistory, ({ query }) => {
    if (consensus !== "pow") throw notProofOfWork();
    return miningHistoryAnswer(chain, { limit: limitOf(query.limit), cursor: query.cursor });
  });

  serveRoute(app, getForks, ({ query }) => forksAnswer(chain, Number(query.limit ?? branchesMax)));

  const { chainId, genesis } = chain.spec;
  serveRoute(app, getGenesis, () => {
    const body = {
      chainId: toHex(chainId),
      blockHash: toHex(chain.hashAtHeight(0) as Uint8Array),
      stateRoot: toHex(chain.blockAtHeight(0)?.header.stateRoot as Uint8Array),
      spec: JSON.parse(chainSpecToJson(chain.spec)) as Record<string, unknown>,
      bytes: toHex(GenesisType.serialize(genesis)),
    };
    return answered(200, body, { immutableAs: `genesis-${body.chainId}` });
  });

  addStatsRoute(app, modules);
}

function addStatsRoute(app: FastifyInstance, { chain, logger }: ApiModules): void {
  const activity = new ChainActivity({ chain, clock: systemClock });
  const readBack = () => {
    // In the background: the answers say whether everything is counted.
    activity.readBack().catch((thrown: unknown) => {
      logger.warn(
        { error: toError(thrown) },
        "blocks from before the start could not be counted for /v1/stats",
      );
    });
  };
  app.addHook("onListen", async () => readBack());
  // It ends at a block that is damaged on disk, and goes on once that is whole again.
  chain.events.on("blockMended", readBack);
  app.addHook("onClose", async () => {
    chain.events.off("blockMended", readBack);
    activity.close();
  });
  serveRoute(app, getStats, ({ query }) =>
    statsAnswer(activity, chain, query.window ?? statsWindowDefault, systemClock.nowMs()),
  );
}

function notProofOfAuthority(): ApiError {
  return new ApiError(
    409,
    "authority/not-proof-of-authority",
    "this node is on a Proof of Work chain, which has no authorities",
    "ask a node that was started with --consensus poa; GET /v1/mining has what this chain has instead",
  );
}

function notProofOfWork(): ApiError {
  return new ApiError(
    409,
    "mining/not-proof-of-work",
    "this node is on a Proof of Authority chain, and its blocks are not mined",
    "GET /v1/consensus says who seals; ask a node that was started with --consensus pow for mining",
  );
}

/** Chooses the engine that a chain spec names. */
import type { ChainSpec, ConsensusName, Genesis } from "../protocol/genesis.ts";
import type { ConsensusEngine } from "./engine.ts";
import { createPoaEngine } from "./poa/poa-engine.ts";
import { createPowEngine } from "./pow/pow-engine.ts";

const engines: Record<ConsensusName, (genesis: Genesis) => ConsensusEngine> = {
  pow: createPowEngine,
  poa: (genesis) => createPoaEngine(genesis),
};

export function createEngine(spec: ChainSpec): ConsensusEngine {
  return engines[spec.consensus](spec.genesis);
}

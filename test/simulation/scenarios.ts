/** The networks that are simulated, by name: ten nodes each. */
import type { SimulationOptions } from "./simulate.ts";

const faultsMs = 30_000;

export const scenarios = {
  mixed: { powNodes: 5, poaNodes: 5, faultsMs },
  pow: { powNodes: 10, poaNodes: 0, faultsMs },
  poa: { powNodes: 0, poaNodes: 10, faultsMs },
} as const satisfies Record<string, SimulationOptions>;

export type ScenarioName = keyof typeof scenarios;

/** One seed of a scenario by its name: what a thread is asked for. */
import { type ScenarioName, scenarios } from "./scenarios.ts";
import { type SimulationReport, simulate } from "./simulate.ts";

export function simulateSeed(name: ScenarioName, seed: number): Promise<SimulationReport> {
  return simulate(seed, scenarios[name]);
}

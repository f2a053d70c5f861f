/** The other half of the seeds: meshes of one engine. */
import { seedsTotal, simulateSeeds } from "./seeds.ts";

simulateSeeds("pow", Math.ceil(seedsTotal / 4));
simulateSeeds("poa", Math.ceil(seedsTotal / 4));

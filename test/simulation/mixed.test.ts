/** Half of the seeds: both engines in one mesh. */
import { seedsTotal, simulateSeeds } from "./seeds.ts";

simulateSeeds("mixed", Math.ceil(seedsTotal / 2));

/** Prints the whole trace of one seed: `node_modules/.bin/node test/simulation/replay.ts mixed 17`. */
import { type ScenarioName, scenarios } from "./scenarios.ts";
import { simulate } from "./simulate.ts";

const [name = "mixed", seed = "1"] = process.argv.slice(2);
const onTrace = (line: string) => {
  process.stdout.write(line);
};
const report = await simulate(Number(seed), { ...scenarios[name as ScenarioName], onTrace });
console.log(JSON.stringify(report, undefined, 2));

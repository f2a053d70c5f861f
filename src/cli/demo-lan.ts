/** `aurex-node demo-lan`: several machines on this one, each running the same command. */
import { InvalidArgumentError } from "commander";
import { AurexCommand } from "./command.ts";
import { addJsonFlag, type JsonFlag } from "./shared-flags.ts";
import { addStopSignals } from "./stop-signals.ts";
import type { Terminal } from "./terminal.ts";

interface DemoLanFlags extends JsonFlag {
  readonly machines: number;
  readonly keep: boolean;
}

export function demoLanCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("demo-lan", terminal)
    .description(
      "Run `aurex-node --consensus poa --authority` on three machines, made of network namespaces, and show how they find each other, found a network, make blocks final, and go on while one is killed or cut off. Needs Linux and root; takes a minute or two and removes all that it made.",
    )
    .option("--machines <count>", "how many, 3 or 4", machineCount, 3)
    .option("--keep", "keep the nodes' data directories and logs", false)
    .examples("sudo aurex-node demo-lan", "sudo aurex-node demo-lan --json")
    .runs(async ({ json = false, ...flags }: DemoLanFlags) => {
      const { runLanDemo } = await import("../demo/lan/lan-demo.ts");
      const stop = addStopSignals();
      try {
        return await runLanDemo(
          { ...flags, json },
          { write: (text) => void terminal.stdout.write(text), signal: stop.signal },
        );
      } finally {
        stop.remove();
      }
    });
  return addJsonFlag(command);
}

function machineCount(text: string): number {
  if (text === "3" || text === "4") return Number(text);
  throw new InvalidArgumentError("It must be 3 or 4.");
}

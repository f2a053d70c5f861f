/** `aurex-node doctor`: what a node needs from its machine, checked one by one. */

import { visibleText } from "../base/visible-text.ts";
import { exitCodes } from "../node/operator-error.ts";
import { AurexCommand } from "./command.ts";
import { addNodeFlags } from "./node-flags.ts";
import { doctorConfig } from "./place/doctor-config.ts";
import { withPlace } from "./place/follow-up.ts";
import type { PlaceFlags } from "./place-flags.ts";
import { addJsonFlag } from "./shared-flags.ts";
import { type Terminal, writeJson, writeLine } from "./terminal.ts";

const marks = { true: "ok   ", false: "FAILS", null: "-    " } as const;

export function doctorCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("doctor", terminal)
    .description(
      "Check what a node needs: data directory, disk, ports, multicast and UDP 5353. If the node runs, also check its clock, its peers and their chains. If no node is named, the only node of this machine is checked. The check takes the settings that the node was started with; flags overrule them. It changes nothing, and ends with 8 if a check fails.",
    )
    .examples(
      "aurex-node doctor",
      "aurex-node doctor --consensus poa",
      "aurex-node doctor --data-dir ./alpha --json | jq '.findings[] | select(.ok == false)'",
    )
    .runs(async ({ json, ...flags }: Record<string, unknown>) => {
      const config = await doctorConfig(flags, terminal);
      const { examine } = await import("../doctor/doctor.ts");
      const findings = (await examine(config)).map((finding) => ({
        ...finding,
        next: withPlace(finding.next, flags as PlaceFlags),
      }));
      const failing = findings.filter(({ ok }) => ok === false);
      if (json) {
        writeJson(terminal, { ok: failing.length === 0, findings });
      } else {
        for (const { check, ok, found, next } of findings) {
          writeLine(terminal, `${marks[`${ok}`]}  ${check.padEnd(15)}  ${visibleText(found)}`);
          if (next !== "") writeLine(terminal, `${" ".repeat(24)}next: ${visibleText(next)}`);
        }
        const count = `${failing.length} of ${findings.length} checks ${failing.length === 1 ? "fails" : "fail"}.`;
        writeLine(terminal, failing.length === 0 ? "\nNothing speaks against a node here." : `\n${count}`);
      }
      return failing.length === 0 ? exitCodes.ok : exitCodes.checkFailed;
    });
  return addJsonFlag(addNodeFlags(command));
}

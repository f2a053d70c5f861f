/** Changes what a node of the lab has on its disk, by hand and behind its back, and sees what the node makes of it. */
import { rename } from "node:fs/promises";
import type { LabTampering } from "../../api/lab.ts";
import { sleep, systemClock } from "../../base/clock.ts";
import { dataDirectory } from "../../node/data-directory.ts";
import { LabError } from "./lab-error.ts";
import type { LabFloor } from "./lab-floor.ts";
import type { LabNode } from "./lab-node.ts";
import { type Changed, changeBalance, changeBlock } from "./store-edit.ts";

export type TamperTarget = "block" | "balance";

/** What the node needs to fetch a whole chain again, on a busy machine, too. */
const repairMaxMs = 120_000;
const lookEveryMs = 200;

export class Tampering {
  readonly #lab: LabFloor;
  readonly #node: LabNode;

  constructor(lab: LabFloor, node: LabNode) {
    this.#lab = lab;
    this.#node = node;
  }

  /** @returns what was done, in words */
  async run(target: TamperTarget): Promise<string> {
    const node = this.#node;
    const heightBefore = node.view?.status.head.height ?? 0;
    if (node.state === "running") await node.stop();
    const directory = dataDirectory(node.plan.dataDir).chain;
    let changed: Changed | undefined;
    try {
      changed = await (target === "block" ? changeBlock(directory) : changeBalance(directory));
    } finally {
      // Whatever became of the edit: the node is not left lying.
      if (!changed) node.start();
    }
    this.#say({ what: changed.what, height: changed.height, noticed: null, repaired: false });
    node.start();
    if (!(await node.whenRunning())) await this.#followAdvice(directory);
    void this.#watchRepair(heightBefore);
    return changed.what;
  }

  /** The node ended instead: the lab does what an operator would, who reads what it printed. */
  async #followAdvice(directory: string): Promise<void> {
    const node = this.#node;
    const { ended } = node;
    const said = ended?.what ?? "it ended";
    this.#say({ noticed: said });
    const aside = /^mv '([^']*)' '([^']*)'/.exec(ended?.next ?? "");
    if (aside?.[1] !== directory || aside[2] === undefined) {
      throw new LabError("lab/ended", `${node.name} ended: ${said}`, ended?.next || "look into its log");
    }
    this.#lab.note("noticed", `says: ${said}; the lab follows its advice: ${ended?.next}`, node);
    await rename(directory, `${aside[2]}.${Date.now()}`);
    node.start();
    if (await node.whenRunning()) return;
    const again = node.ended;
    throw new LabError(
      "lab/ended",
      `${node.name} ended again: ${again?.what}`,
      again?.next || "look into its log",
    );
  }

  /** Until it has again what was changed: it says so itself; or, with a new store, until its head is as high as before. */
  async #watchRepair(heightBefore: number): Promise<void> {
    const node = this.#node;
    const deadlineMs = systemClock.monotonicMs() + repairMaxMs;
    while (systemClock.monotonicMs() < deadlineMs && node.state === "running") {
      const { status } = node.view ?? {};
      const advice = status?.advice.find(({ code }) => code === "store");
      if (advice) this.#say({ noticed: advice.what });
      const isLevel = (status?.head.height ?? -1) >= heightBefore;
      if (advice ? !advice.fault : isLevel && node.tampered?.noticed) {
        this.#say({ repaired: true });
        this.#lab.note("noticed", advice?.what ?? "has the whole chain again, fetched from the others", node);
        return;
      }
      await sleep(systemClock, lookEveryMs);
    }
  }

  #say(said: Partial<LabTampering>): void {
    const before = this.#node.tampered ?? { what: "", height: null, noticed: null, repaired: false };
    this.#node.tampered = { ...before, ...said, atMs: Date.now() };
    this.#lab.changed();
  }
}

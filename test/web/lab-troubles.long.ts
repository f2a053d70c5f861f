/** The lab's slower troubles, pressed in its page in front of real processes: a miner that withholds, and a wrong clock. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import type { Locator } from "playwright-core";
import { Lab } from "../../src/demo/lab/lab.ts";
import { createLabServer, type LabServer } from "../../src/demo/lab/lab-server.ts";
import { browserMissing } from "../client/browser.ts";
import { mustEndSoon } from "../support/must-end.ts";
import { suiteMaxMs, until } from "../support/patience.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { type OpenedPage, openPageStage, type PageStage } from "./page-stage.ts";

let stage: PageStage;
let lab: Lab;
let server: LabServer;
let opened: OpenedPage;

const nodeCard = (name: string): Locator => opened.page.getByRole("region", { name, exact: true });

async function done(node: string, button: string, says: string): Promise<void> {
  await nodeCard(node).getByRole("button", { name: button, exact: true }).click();
  await nodeCard(node).getByRole("status").getByText(`${node} ${says}`).waitFor();
}

describe("the lab's slower troubles", { skip: browserMissing, timeout: suiteMaxMs }, () => {
  before(async () => {
    stage = await openPageStage();
    const dataDir = await folderUntilEnd("aurex-lab-troubles-");
    lab = await Lab.open({
      ...{ powNodes: 3, poaNodes: 2, ports: [], dataDir, funded: [] },
      ...{ exportFile: path.join(dataDir, "ledger.sqlite"), logLevel: "info" },
    });
    server = createLabServer(lab, { host: "127.0.0.1", checkAnswers: true });
    const port = await server.listen(0);
    for (const node of lab.nodes) node.start();
    await Promise.all(lab.nodes.map((node) => node.whenRunning()));
    await until("all are connected", () => lab.nodes.every(({ view }) => view?.status.peers === 4));
    opened = await stage.open(`http://127.0.0.1:${port}`);
    await opened.go("lab");
  });
  after(async () => {
    await stage?.close();
    await server?.close();
    await lab?.close();
    mustEndSoon();
  });

  it("keep sending, and the heads of both chains move", async () => {
    await opened.page.getByLabel("Keep sending").check();
    await opened.page.getByText(/All 3 nodes that run have the same head, block [1-9]/).waitFor();
    await opened.page.getByText(/Both nodes that run have the same head, block [1-9]/).waitFor();
  });

  it("a miner that withholds runs ahead, and once it releases the others reorganize", async () => {
    await done("PoW_3", "Withhold blocks", "withholds its blocks");
    await nodeCard("PoW_3")
      .getByText(/withholds, [3-9] blocks ahead/)
      .waitFor();
    await done("PoW_3", "Release blocks", "releases its private chain");
    await opened.page.getByText(/All 3 nodes that run have the same head/).waitFor();
    await opened.page
      .getByRole("log")
      .getByText(/PoW_[12]: reorganized above block \d+: [1-9]/)
      .first()
      .waitFor();
    assert.equal(
      await nodeCard("PoW_3")
        .getByText(/withholds/)
        .count(),
      0,
    );
  });

  it("a clock that is an hour ahead shows, with what the node itself says of it, and can be set right", async () => {
    await nodeCard("PoA_2").getByText("Delay, clock, tamper").click();
    await done("PoA_2", "+1 h", "has a clock that is 60 min ahead");
    await nodeCard("PoA_2").getByText("clock +1 h").waitFor();
    await nodeCard("PoA_1")
      .getByText(/Clocks differ/)
      .waitFor();
    await done("PoA_2", "Right", "has the right time again");
    await nodeCard("PoA_2").getByText("clock +1 h").waitFor({ state: "hidden" });
    await nodeCard("PoA_1")
      .getByText(/Clocks differ/)
      .waitFor({ state: "hidden" });
  });
});

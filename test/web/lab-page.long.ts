/** The lab's page in a real browser, in front of real processes: plugs are pulled, and what the page shows is so. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import type { Locator, Page } from "playwright-core";
import { Lab } from "../../src/demo/lab/lab.ts";
import { createLabServer, type LabServer } from "../../src/demo/lab/lab-server.ts";
import { browserMissing } from "../client/browser.ts";
import { mustEndSoon } from "../support/must-end.ts";
import { suiteMaxMs, until } from "../support/patience.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { type OpenedPage, openPageStage, type PageStage } from "./page-stage.ts";
import { overflowPx, seriousFindings } from "./page-walk.ts";

let stage: PageStage;
let lab: Lab;
let server: LabServer;
let opened: OpenedPage;
let page: Page;

const nodeCard = (name: string): Locator => page.getByRole("region", { name, exact: true });

/** By keyboard, as everything here. */
async function press(node: string, button: string): Promise<void> {
  await nodeCard(node).getByRole("button", { name: button, exact: true }).press("Enter");
}

/** Presses a button of a node, and waits until the page says that it was done and what to look for. */
async function done(node: string, button: string, says: string): Promise<void> {
  await press(node, button);
  const said = nodeCard(node).getByRole("status");
  await said.getByText(`${node} ${says}`).waitFor();
  await said.getByText("Look for this:").waitFor();
}

describe("the lab's page", { skip: browserMissing, timeout: suiteMaxMs }, () => {
  before(async () => {
    stage = await openPageStage();
    const dataDir = await folderUntilEnd("aurex-lab-page-");
    lab = await Lab.open({
      ...{ powNodes: 2, poaNodes: 0, ports: [], dataDir, funded: [] },
      ...{ exportFile: path.join(dataDir, "ledger.sqlite"), logLevel: "info" },
    });
    server = createLabServer(lab, { host: "127.0.0.1", checkAnswers: true });
    const port = await server.listen(0);
    opened = await stage.open(`http://127.0.0.1:${port}`);
    page = opened.page;
    await opened.go("lab");
  });
  after(async () => {
    await stage?.close();
    await server?.close();
    await lab?.close();
    mustEndSoon();
  });

  it("starts the nodes, and shows one chain once they have met", async () => {
    await page.getByText("No node of this chain answers. PoW_1 is stopped. PoW_2 is stopped.").waitFor();
    for (const name of ["PoW_1", "PoW_2"]) await press(name, "Start");
    for (const name of ["PoW_1", "PoW_2"]) await nodeCard(name).getByText("running").waitFor();
    await until("the miners are connected", () => lab.node("PoW_1").view?.status.peers === 1);
    await done("PoW_1", "Send a payment", "sends 1 AUR to PoW_2");
    await page.getByText("Both nodes that run have the same head, block 1.").waitFor();
  });

  it("kills a process for real, and the node catches up when it is started again", async () => {
    const pid = lab.node("PoW_1").pid as number;
    await done("PoW_1", "Kill", "killed");
    assert.throws(() => process.kill(pid, 0), /ESRCH/);
    await nodeCard("PoW_1").getByText("stopped").waitFor();
    await press("PoW_2", "Send a payment");
    await page.getByText("PoW_2 is at block 2. PoW_1 is stopped.").waitFor();
    // The frame shows this node, and the lab is there all the same.
    await page.locator(".head").getByText("no answer").waitFor();
    assert.equal(await page.locator("[data-stale]").count(), 0);
    await done("PoW_1", "Start", "started");
    await page.getByText("Both nodes that run have the same head, block 2.").waitFor();
  });

  it("shows two branches while a line is cut, and one chain after it is healed", async () => {
    await done("PoW_2", "Cut off", "cut off");
    await nodeCard("PoW_2").getByText("cut off", { exact: true }).waitFor();
    await until("nobody reaches it", () => lab.node("PoW_2").view?.status.peers === 0);
    for (const name of ["PoW_1", "PoW_2"]) await press(name, "Send a payment");
    await page.getByText(/PoW_\d has had \d blocks? of its own since block 2\./).waitFor();
    assert.ok((await page.locator(".lab-grid th.forked").count()) >= 1);
    await done("PoW_2", "Heal", "joined again");
    // One block more, so that one branch is the heavier one whatever the two were.
    await press("PoW_1", "Send a payment");
    await page.getByText(/Both nodes that run have the same head, block \d+\./).waitFor();
  });

  it("delays, and tampers with a node's store, and shows that the node has noticed and has repaired it", async () => {
    await nodeCard("PoW_2").getByText("Delay, clock, tamper").press("Enter");
    await nodeCard("PoW_2").getByLabel("Delay: 0 ms each way").press("ArrowRight");
    await done("PoW_2", "Set delay", "is delayed by 100 ms each way");
    await nodeCard("PoW_2").getByText("100 ms late").waitFor();
    await press("PoW_2", "Change a block");
    await nodeCard("PoW_2").getByText("repaired", { exact: true }).waitFor();
    const { tampered } = lab.node("PoW_2");
    assert.ok(tampered?.repaired && tampered.noticed);
    await page.getByText(/Both nodes that run have the same head/).waitFor();
  });

  it("leads to the node's own pages, fits a phone, and complains of nothing", async () => {
    await page.setViewportSize({ width: 360, height: 780 });
    await page.emulateMedia({ colorScheme: "dark" });
    assert.ok((await overflowPx(page)) <= 0, "wider than a phone");
    assert.deepEqual(await seriousFindings(page), []);
    const log = page.getByRole("log", { name: "What happened" });
    for (const what of ["PoW_1: killed", "PoW_2: cut off"]) await log.getByText(what).first().waitFor();
    await nodeCard("PoW_2").getByRole("link", { name: "Blocks" }).press("Enter");
    await page.waitForURL(/#\/@PoW_2\/blocks$/);
    await page.locator("main h1").waitFor();
    // A browser says so if a node that was killed does not answer.
    const faults = opened.complaints.filter((complaint) => !/status of 50[0-9]/.test(complaint));
    assert.deepEqual(faults, []);
    const { origin } = new URL(page.url());
    assert.deepEqual(
      opened.asked.filter((url) => !url.startsWith(`${origin}/`)),
      [],
    );
  });
});

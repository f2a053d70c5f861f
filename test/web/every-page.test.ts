/** Every page of a node in a real browser: whole, usable by everybody, on a large and on a small screen, from its own node alone. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { browserMissing } from "../client/browser.ts";
import { suiteMaxMs } from "../support/patience.ts";
import { type OpenedPage, openPageStage, type PageStage } from "./page-stage.ts";
import { lookAt, untilLoaded, visitsOf } from "./page-walk.ts";
import { openPageWorld, type PageWorld } from "./page-world.ts";

/** All four combinations are looked at by `npm run test:long`. */
const looks = process.env.AUREX_PAGES_ALL
  ? (["1280 light", "1280 dark", "360 light", "360 dark"] as const)
  : (["1280 light", "360 dark"] as const);

describe("every page", { skip: browserMissing, timeout: suiteMaxMs }, () => {
  let stage: PageStage;
  let world: PageWorld;
  before(async () => {
    stage = await openPageStage();
    world = await openPageWorld();
  });
  after(async () => {
    await stage?.close();
    await world?.close();
  });

  for (const look of looks) {
    it(`is whole at ${look}`, async () => {
      const [width, colorScheme] = look.split(" ") as [string, "light" | "dark"];
      for (const engine of world.engines) {
        const opened: OpenedPage = await stage.open(engine.url, {
          viewport: { width: Number(width), height: 800 },
          colorScheme,
          reducedMotion: "reduce",
        });
        for (const visit of visitsOf(engine)) {
          await opened.go(visit.place);
          await untilLoaded(opened.page);
          await lookAt(opened, visit, `${engine.engine} at ${look}`);
        }
        for (const url of opened.asked) assert.ok(url.startsWith(`${engine.url}/`), url);
        await opened.close();
      }
    });
  }
});

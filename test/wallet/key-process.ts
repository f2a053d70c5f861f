/** A process that makes one key and says its address, until it is killed at a given disk step. */
import fs from "node:fs";
import { createKey } from "../../src/wallet/keystore.ts";
import { killAtStep } from "../sealing/disk-steps.ts";

const [dataDir, killAt] = process.argv.slice(2) as [string, string];
await killAtStep(Number(killAt));
const { address } = await createKey(dataDir, "alice");
fs.writeSync(1, address);

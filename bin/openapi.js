/** Writes docs/openapi.json, and the table of routes in docs/api.md, from the routes that src/api declares. Run it after a route has changed: `npm run openapi`. */
import { readFileSync, writeFileSync } from "node:fs";
import { openApiDocument } from "../src/api/open-api.ts";
import { withRouteTable } from "../test/api/route-table.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const file = new URL("../docs/openapi.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(openApiDocument(version), null, 2)}\n`);

const page = new URL("../docs/api.md", import.meta.url);
writeFileSync(page, withRouteTable(readFileSync(page, "utf8")));

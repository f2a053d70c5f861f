/** The OpenAPI document: what it says of every route, that it is valid, and that docs/ has the current one. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { openApiDocument } from "../../src/api/open-api.ts";
import { allRoutes, routesByName } from "../../src/api/routes.ts";
import { publicKeyOfAddress } from "../../src/protocol/identity.ts";

const root = new URL("../../", import.meta.url);
const read = (file: string) => JSON.parse(readFileSync(new URL(file, root), "utf8"));

/** From the project's root. */
const filesOf = (folder: string) =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => folder + file);

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly description?: string;
    readonly example?: unknown;
  }[];
  readonly responses: Readonly<Record<string, { readonly content: object }>>;
}
type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

const document = openApiDocument("1.2.3");
const paths = document.paths as Paths;
const operations = Object.values(paths).flatMap((methods) => Object.values(methods));

describe("the OpenAPI document", () => {
  it("is in docs/openapi.json as the routes are now; else run npm run openapi", () => {
    assert.deepEqual(
      read("docs/openapi.json"),
      JSON.parse(JSON.stringify(openApiDocument(read("package.json").version))),
    );
  });

  it("names an account in its examples that wallets take for one", () => {
    const examples = operations.flatMap(({ parameters = [] }) =>
      parameters.filter(({ name }) => name === "account").map(({ example }) => example),
    );
    const addresses = examples.filter((example) => typeof example === "string");
    assert.ok(addresses.length > 0);
    for (const address of addresses) assert.ok(publicKeyOfAddress(address), address);
  });

  it("has every route, once, under its name", () => {
    assert.ok(allRoutes.length >= 15);
    assert.equal(operations.length, allRoutes.length);
    for (const [name, { method, path }] of routesByName) {
      assert.equal(paths[path]?.[method.toLowerCase()]?.operationId, name);
    }
  });

  it("has what every file of src/api declares, and no two schemas of one name", async () => {
    const names = new Map<string, unknown>();
    for (const file of filesOf("src/api/")) {
      const declared = (await import(new URL(file, root).href)) as Readonly<Record<string, unknown>>;
      for (const [name, value] of Object.entries(declared)) {
        if (typeof value !== "object" || value === null) continue;
        // The demo's lab is a server of its own, whose routes no node has.
        if ("answers" in value && file !== "src/api/lab.ts")
          assert.equal(routesByName.get(name), value, `${name} of ${file} is in no list`);
        if (!("~kind" in value)) continue;
        assert.equal(names.get(name) ?? value, value, `two schemas are called ${name}`);
        names.set(name, value);
      }
    }
  });

  it("has what the server serves: nothing is served that is not declared", () => {
    // The metrics' own server, on another address, answers every path with what it has. The page is files.
    const own = ["src/http/serve-route.ts", "src/http/metrics-server.ts", "src/http/page/page-routes.ts"];
    for (const file of filesOf("src/http/").filter((file) => !own.includes(file))) {
      const text = readFileSync(new URL(file, root), "utf8");
      assert.doesNotMatch(text, /\bapp\.(?:get|post|put|patch|delete|all|route)\(/, file);
    }
  });

  it("names a type and an error for every answer, and a chapter for every route", () => {
    const tags = (document.tags as { name: string }[]).map(({ name }) => name);
    for (const { operationId, responses, tags: own } of operations) {
      assert.ok(Object.keys(responses).length >= 2 && responses.default, operationId);
      for (const { content } of Object.values(responses)) assert.equal(Object.keys(content).length, 1);
      assert.ok(own.length === 1 && tags.includes(own[0] as string), operationId);
    }
  });

  it("says in words what each parameter has to be", () => {
    for (const { operationId, parameters = [] } of operations) {
      for (const { name, description, ...rest } of parameters) {
        const isWords = JSON.stringify(rest).includes('"enum"');
        assert.ok(
          isWords || description,
          `${operationId}: ${name} has no description, which is its error's text`,
        );
      }
    }
  });

  it("refers to nothing that is not there, and its schemas are sound", () => {
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
    for (const key of ["openapi", "info", "servers", "tags", "paths", "components"]) ajv.addVocabulary([key]);
    // The document itself is no schema; its parts are found by their pointers.
    ajv.addSchema(JSON.parse(JSON.stringify(document)), "api");
    const found = [...JSON.stringify(document).matchAll(/"(#\/components\/schemas\/\w+)"/g)];
    const references = new Set(found.map(([, reference]) => reference));
    const named = Object.keys((document.components as { schemas: object }).schemas);
    assert.equal(references.size, named.length);
    for (const reference of references) ajv.compile({ $ref: `api${reference}` });
  });
});

/** deploy/Dockerfile, compose.yaml and .dockerignore: what they copy exists, who runs it has no rights, and all names fit. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { configOf, isInContext, readDockerfile, root, type Stage } from "./image.ts";

const { stages, arguments: defaults } = readDockerfile();
const final = stages.at(-1) as Stage;
const config = configOf(final);
const read = (file: string) => readFileSync(path.join(root, file), "utf8");

/** `AUREX_API_HOST` → `apiHost`, which has to be a setting of a node. */
function assertSetting(variable: string): void {
  const setting = variable
    .replace(/^AUREX_/, "")
    .toLowerCase()
    .replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  assert.match(read("src/config/node-config.ts"), new RegExp(`\\b${setting}\\b`), variable);
}

describe("deploy/Dockerfile", () => {
  it("builds in one stage and runs in another, both on the Node that the project is tested with", () => {
    assert.equal(stages.length, 2);
    const { node } = JSON.parse(read("package.json")).devDependencies;
    assert.equal(defaults.NODE_IMAGE, `node:${node}-bookworm-slim`);
    for (const { image } of stages) assert.equal(image, defaults.NODE_IMAGE);
  });

  it("copies what exists and what .dockerignore lets in, and nothing by ADD", () => {
    const built = new Set(["/build/node_modules", "/build/dist"]);
    for (const { steps } of stages) {
      assert.ok(!steps.some(({ keyword }) => ["ADD", "ONBUILD", "SHELL", "MAINTAINER"].includes(keyword)));
      for (const { words, from } of steps.filter(({ keyword }) => keyword === "COPY")) {
        for (const source of words.slice(0, -1)) {
          if (from !== undefined) {
            assert.ok(stages.some(({ name }) => name === from) && built.has(source), source);
          } else {
            assert.ok(existsSync(path.join(root, source)), source);
            assert.ok(isInContext(source), `.dockerignore keeps ${source} out`);
          }
        }
      }
    }
  });

  it("lets no secret and nothing that was built outside into the context", () => {
    for (const file of [
      "node_modules",
      "dist",
      ".git",
      ".aurex",
      "node.key.json",
      "test",
      ".env",
      ".npmrc",
    ]) {
      assert.equal(isInContext(file), false, file);
    }
  });

  it("installs what the lock file says, the packages before the sources", () => {
    const [build] = stages as [Stage];
    const order = build.steps.map(({ keyword, text }) => `${keyword} ${text}`);
    const at = (start: string) => order.findIndex((line) => line.startsWith(start));
    assert.ok(at("COPY package.json package-lock.json") < at("RUN npm ci"));
    assert.ok(at("RUN npm ci") < at("COPY src"));
    assert.ok(at("COPY src") < at("RUN node bin/build.js --force"));
    assert.ok(at("RUN node bin/build.js --force") < at("RUN npm prune --omit=dev"));
  });

  it("runs as a user without a name, by itself and not by a shell, and says how it is", () => {
    assert.match(config.user, /^[1-9]\d{3,}:[1-9]\d{3,}$/);
    assert.deepEqual(config.entrypoint, ["aurex-node"]);
    assert.deepEqual(config.command, ["start"]);
    assert.deepEqual(config.healthCheck, ["aurex-node", "status"]);
    assert.deepEqual(config.volumes, [config.variables.AUREX_DATA_DIR]);
    for (const name of Object.keys(config.variables)) if (name.startsWith("AUREX_")) assertSetting(name);
    const labels = final.steps.find(({ keyword }) => keyword === "LABEL")?.text ?? "";
    assert.match(labels, /licenses="Apache-2\.0 OR MIT"/);
  });
});

interface Service {
  readonly environment: Readonly<Record<string, string>>;
  readonly hostname: string;
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
  readonly build: { readonly context: string; readonly dockerfile: string };
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly stop_grace_period: string;
}

describe("deploy/compose.yaml", () => {
  const compose = parse(read("deploy/compose.yaml"), { merge: true });
  const services = Object.entries(compose.services as Record<string, Service>);

  it("has three authorities that know each other by name", () => {
    assert.equal(services.length, 3);
    const names = services.map(([name]) => name);
    for (const [name, { environment, hostname }] of services) {
      for (const variable of Object.keys(environment)) assertSetting(variable);
      assert.equal(hostname, name);
      const known = (environment.AUREX_BOOTSTRAP as string).split(",");
      assert.deepEqual(
        known,
        names.map((one) => `/dns4/${one}/tcp/13246`),
      );
      assert.equal(environment.AUREX_EXPECT, "3");
    }
  });

  it("gives each a volume of its own and no right, and shows its API to this machine alone", () => {
    const ports = new Set<string>();
    for (const [name, service] of services) {
      assert.equal(service.read_only, true);
      assert.deepEqual(service.cap_drop, ["ALL"]);
      assert.deepEqual(service.security_opt, ["no-new-privileges:true"]);
      assert.deepEqual(service.volumes, [`${name}:${config.volumes[0]}`]);
      assert.ok(name in compose.volumes);
      const { context, dockerfile } = service.build;
      assert.equal(path.resolve(root, "deploy", context), path.resolve(root));
      assert.ok(existsSync(path.resolve(root, dockerfile)));
      for (const port of service.ports) {
        assert.match(port, /^127\.0\.0\.1:1328\d:13280$/);
        ports.add(port);
      }
      // A node takes up to 15 s.
      assert.equal(service.stop_grace_period, "30s");
    }
    assert.equal(ports.size, 3);
  });
});

/** deploy/Dockerfile read, and its steps performed without a container engine: each stage is a layer over this machine's own Debian. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import path from "node:path";
import {
  type Copy,
  DockerfileParser,
  type From,
  type JSONInstruction,
  type PropertyInstruction,
} from "dockerfile-ast";

export const root = path.join(import.meta.dirname, "../..");

export interface Step {
  readonly keyword: string;
  /** Of COPY, RUN, WORKDIR and so on: the words after the keyword, without flags. */
  readonly words: readonly string[];
  readonly text: string;
  /** Of COPY: the stage that it takes from. */
  readonly from: string | undefined;
}

export interface Stage {
  readonly name: string | undefined;
  readonly image: string;
  readonly steps: readonly Step[];
}

/** What a container of the last stage is started with. */
export interface ImageConfig {
  readonly user: string;
  readonly volumes: readonly string[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
}

export function readDockerfile(): { stages: Stage[]; arguments: Record<string, string> } {
  const dockerfile = DockerfileParser.parse(readFileSync(path.join(root, "deploy/Dockerfile"), "utf8"));
  const values = Object.fromEntries(
    dockerfile.getInitialARGs().map((arg) => [arg.getProperty()?.getName(), arg.getProperty()?.getValue()]),
  ) as Record<string, string>;
  const stages: { name: string | undefined; image: string; steps: Step[] }[] = [];
  for (const instruction of dockerfile.getInstructions()) {
    const keyword = instruction.getKeyword();
    if (keyword === "ARG") continue;
    if (keyword === "FROM") {
      const from = instruction as From;
      const image = (from.getImage() ?? "").replace(/^\$\{(\w+)\}$/, (_, name: string) => values[name] ?? "");
      stages.push({ name: from.getBuildStage() ?? undefined, image, steps: [] });
      continue;
    }
    stages.at(-1)?.steps.push({
      keyword,
      words: wordsOf(instruction as JSONInstruction),
      text: (instruction.getArgumentsContent() ?? "").trim(),
      from: keyword === "COPY" ? ((instruction as Copy).getFromFlag()?.getValue() ?? undefined) : undefined,
    });
  }
  return { stages, arguments: values };
}

function wordsOf(instruction: JSONInstruction | PropertyInstruction): string[] {
  const listed = "getJSONStrings" in instruction ? instruction.getJSONStrings() : [];
  if (listed.length > 0) return listed.map((one) => one.getJSONValue());
  if ("getProperties" in instruction) {
    return instruction.getProperties().map((property) => `${property.getName()}=${property.getValue()}`);
  }
  const raw = instruction.getRawArgumentsContent() ?? "";
  return raw.split(/\s+/).filter((word) => word !== "");
}

export function configOf({ steps }: Stage): ImageConfig {
  const last = (keyword: string) => steps.findLast((step) => step.keyword === keyword)?.words ?? [];
  const pairs = steps.filter(({ keyword }) => keyword === "ENV").flatMap(({ words }) => words);
  const check = steps.find(({ keyword }) => keyword === "HEALTHCHECK")?.text ?? "";
  return {
    user: last("USER")[0] ?? "",
    volumes: last("VOLUME"),
    entrypoint: last("ENTRYPOINT"),
    command: last("CMD"),
    healthCheck: JSON.parse(/CMD (\[.*\])$/s.exec(check)?.[1] ?? "[]"),
    variables: Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/s).slice(0, 2))),
    workingDirectory: last("WORKDIR")[0] ?? "/",
  };
}

/** True if .dockerignore lets a file or folder of the project into the build. */
export function isInContext(source: string): boolean {
  const lines = readFileSync(path.join(root, ".dockerignore"), "utf8").split("\n");
  const rules = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (rules[0] !== "*") throw new Error("the first rule of .dockerignore has to be *");
  const [first] = source.split("/");
  return rules.slice(1).includes(`!${first}`);
}

/**
 * Performs every step of every stage.
 *
 * @param folder gets a layer for each stage
 * @param environment of RUN, besides what the Dockerfile sets
 * @returns the layers of the last stage, the topmost first, as overlayfs takes them
 * @throws Error with the output of a step that failed
 */
export function performSteps(folder: string, environment: Readonly<Record<string, string>>): string[] {
  const base = path.join(folder, "base");
  const node = realpathSync(path.join(root, "node_modules/.bin/node"));
  mkdirSync(path.join(base, "usr/local/bin"), { recursive: true });
  cpSync(node, path.join(base, "usr/local/bin/node"));
  const layers = new Map<string | undefined, string>();
  let top = base;
  for (const [index, { name, steps }] of readDockerfile().stages.entries()) {
    top = path.join(folder, `stage-${index}`);
    mkdirSync(top);
    layers.set(name, top);
    let workingDirectory = "/";
    for (const step of steps) {
      if (step.keyword === "WORKDIR") {
        workingDirectory = step.words[0] as string;
        mkdirSync(path.join(top, workingDirectory), { recursive: true });
      }
      if (step.keyword === "COPY") {
        copy(step, step.from === undefined ? root : (layers.get(step.from) as string), top, workingDirectory);
      }
      if (step.keyword === "RUN") runStep(step.text, [top, base], workingDirectory, environment);
    }
  }
  return [top, base];
}

function copy({ words, from }: Step, source: string, layer: string, workingDirectory: string): void {
  const target = words.at(-1) as string;
  for (const word of words.slice(0, -1)) {
    if (from === undefined && !isInContext(word)) throw new Error(`.dockerignore keeps ${word} out`);
    const file = path.join(source, word);
    const isFolder = statSync(file).isDirectory();
    const inFolder = target.endsWith("/") && !isFolder ? path.join(target, path.basename(word)) : target;
    const place = path.join(layer, path.resolve(workingDirectory, inFolder));
    mkdirSync(path.dirname(place), { recursive: true });
    const { status, stderr } = spawnSync("cp", ["-a", ...(isFolder ? ["-T"] : []), file, place], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(stderr);
    // Whoever builds an image is root in it.
    spawnSync("chown", ["-R", "0:0", place]);
  }
}

function runStep(
  command: string,
  [top, ...below]: readonly string[],
  workingDirectory: string,
  environment: Readonly<Record<string, string>>,
): void {
  const script = `set -eu
mount --make-rprivate /
work=$(mktemp -d "${top}.XXXX"); mkdir $work/work $work/root
mount -t overlay overlay -o "lowerdir=${below.join(":")}:/,upperdir=${top},workdir=$work/work" $work/root
${hideProject("$work/root")}
mount --rbind /dev $work/root/dev; mount --rbind /proc $work/root/proc
exec chroot $work/root env -C "${workingDirectory}" /bin/sh -c "$STEP"`;
  const { status, stdout, stderr } = spawnSync("unshare", ["--mount", "bash", "-c", script], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    env: {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      HOME: "/root",
      ...environment,
      STEP: command,
    },
  });
  if (status !== 0) throw new Error(`RUN ${command}\n${stdout}\n${stderr}`);
}

/** This machine's own checkout is no part of the image. */
export function hideProject(place: string): string {
  return `mount -t tmpfs tmpfs "${place}${root}"`;
}

/** Why the steps cannot be performed here; false if they can. */
export function whyNoLayers(): string | false {
  if (process.platform !== "linux") return `this is ${process.platform}`;
  if (!existsSync("/etc/debian_version"))
    return "the layers lie over this machine's own system, which is no Debian";
  const script =
    'mount --make-rprivate / && mount -t tmpfs tmpfs /mnt && mkdir /mnt/u /mnt/w /mnt/m && mount -t overlay overlay -o "lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w" /mnt/m';
  const { status, stderr } = spawnSync("unshare", ["--mount", "sh", "-c", script], { encoding: "utf8" });
  return status === 0 ? false : `layers take root and overlayfs: ${stderr.trim()}`;
}

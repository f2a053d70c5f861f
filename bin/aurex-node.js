#!/usr/bin/env node
/** The `aurex-node` program: finds a Node that is new enough, then runs the CLI from dist/ or from src/. */
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isDistCurrent } from "./freshness.js";
import { environmentWithMalloc, hasHeapFlags, heapFlags } from "./memory.js";

const nodeMajorMin = 24;
const exitCodeUsage = 2;
const signalRepeatMs = 300;
/** Commands that run for long and that strangers can reach; without a command it is `start`. */
const nodeCommands = ["start", "join", "demo", "pool"];

const launcher = fs.realpathSync(fileURLToPath(import.meta.url));
const root = path.dirname(path.dirname(launcher));

/** What others read in place of an invitation. No invitation has this letter in it. */
const hidden = "aurex1.…";
const shownArguments = process.argv.map((each) => each.replace(/aurex1\.[A-Za-z0-9_-]+/g, hidden));
const hasHidden = shownArguments.some((each) => each.includes(hidden));

hideInvitation();
ignoreForeignSignals();
if (process.connected && hasHidden) process.argv = await argumentsFromLauncher();
if (Number.parseInt(process.versions.node, 10) < nodeMajorMin) runOnOwnNode();
else if (needsHeapFlags() && canReplaceItself()) replaceItself();
else await runCli();

/** Runs this file again on the Node that the project installed for itself, as if it had been started by it. */
function runOnOwnNode() {
  const ownNode = installedNodes().find(
    (node) => fs.realpathSync(node) !== fs.realpathSync(process.execPath),
  );
  if (ownNode === undefined) {
    const what = `aurex-node needs Node ${nodeMajorMin} or newer and this is ${process.version}`;
    const project = consumer();
    const next =
      project === undefined
        ? `install Node ${nodeMajorMin} or newer, or run in ${root}: npm ci`
        : `run in ${project}: npm install node@${nodeMajorMin}, then: npx aurex-node`;
    return stop(`${what}: ${next}`);
  }
  // By the channel the child notices that this process is gone, even if it was killed outright.
  const stdio = ["inherit", "inherit", "inherit", "ipc"];
  const flags = needsHeapFlags() ? heapFlags : [];
  const argv = [...flags, launcher, ...shownArguments.slice(2)];
  const child = spawn(ownNode, argv, { stdio, env: environmentWithMalloc() });
  if (hasHidden) child.send(process.argv.slice(2));
  const forward = (signal) => child.kill(signal);
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, forward);
  child.once("error", (error) => stop(`aurex-node cannot start ${ownNode} (${error.message}): run npm ci`));
  child.once("exit", (code, signal) => {
    // At once and still listening: what npm passes on late does not change how this ends.
    if (signal === null) process.exit(code);
    for (const name of signals) process.off(name, forward);
    process.kill(process.pid, signal);
  });
}

function needsHeapFlags() {
  const [command = "start"] = process.argv.slice(2);
  return (command.startsWith("-") || nodeCommands.includes(command)) && !hasHeapFlags();
}

/** Windows cannot, a channel to the parent would be lost, and an invitation would be shown for a second time. */
function canReplaceItself() {
  const isAble = process.platform !== "win32" && typeof process.execve === "function";
  return isAble && !process.connected && !hasHidden;
}

/** Begins anew with the flags, in the same process: who waits for it or signals it notices nothing. */
function replaceItself() {
  const argv = [process.execPath, ...process.execArgv, ...heapFlags, launcher, ...process.argv.slice(2)];
  process.execve(process.execPath, argv, environmentWithMalloc());
}

/**
 * Every user of a machine can read the arguments of its processes. An invitation among them has the secret of a closed
 * network in it: the title takes the place of the arguments in /proc/PID/cmdline, and in what `ps` shows.
 */
function hideInvitation() {
  if (shownArguments.some((each, index) => each !== process.argv[index]))
    process.title = shownArguments.join(" ");
}

/** An older Node that has started this process names no invitation in its arguments: it sends them over the channel. */
function argumentsFromLauncher() {
  return new Promise((resolve) => {
    process.once("message", (given) => resolve([...process.argv.slice(0, 2), ...given]));
  });
}

/** The Nodes that npm put beside this package, or into a project that it was installed in. */
function installedNodes() {
  const nodes = [];
  for (let folder = root; ; folder = path.dirname(folder)) {
    const node = path.join(folder, "node_modules", ".bin", "node");
    if (fs.existsSync(node)) nodes.push(node);
    if (path.dirname(folder) === folder) return nodes;
  }
}

/** The project in whose node_modules/ this package lies; undefined in a checkout of its own. */
function consumer() {
  const place = path.join(path.sep, "node_modules", path.sep);
  const at = root.lastIndexOf(place);
  return at < 0 ? undefined : root.slice(0, at) || path.sep;
}

async function runCli() {
  countRepeatedSignalOnce();
  stopWithLauncher();
  const built = path.join(root, "dist", "cli", "main.js");
  const source = path.join(root, "src", "cli", "main.ts");
  const entry = isDistCurrent(root) ? built : source;
  let cli;
  try {
    cli = await import(pathToFileURL(entry).href);
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    return stop(`aurex-node is not installed whole (${error.message}): run in ${root}: npm ci`);
  }
  process.exitCode = await cli.main(process.argv.slice(2));
}

/**
 * A launcher that is killed outright, as by `kill -9`, can pass nothing on. A node that went on without it would hold its
 * data directory and its ports, and nobody would see it.
 */
function stopWithLauncher() {
  if (!process.connected) return;
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
  process.channel.unref();
}

/**
 * One Ctrl-C reaches a process several times when its parents (npm, the Node above) pass on what the terminal
 * sent to all of them. A second signal means "stop at once", so a repeat within a moment is not a second one: also where
 * the command has stopped listening by then, as it does before it ends, and the repeat would end the process by itself.
 */
function countRepeatedSignalOnce() {
  const emit = process.emit;
  const lastMs = new Map();
  const ignore = () => {};
  process.emit = function emitOnce(event, ...rest) {
    if (event === "exit" && lastMs.size > 0) {
      const wasHeard = emit.call(this, event, ...rest);
      // Node's own way to the end takes some milliseconds in which it listens to no signal any more. What failed is left
      // to it: it has the trace of an error to print.
      if (!process.exitCode) process.exit();
      return wasHeard;
    }
    if (event === "SIGINT" || event === "SIGTERM") {
      const nowMs = performance.now();
      const previousMs = lastMs.get(event);
      if (previousMs !== undefined && nowMs - previousMs < signalRepeatMs) return true;
      lastMs.set(event, nowMs);
      process.on(event, ignore);
      setTimeout(() => process.off(event, ignore), signalRepeatMs).unref();
    }
    return emit.call(this, event, ...rest);
  };
}

/**
 * SIGUSR1 would open Node's debugger to every program of this machine, and SIGUSR2 would end the process: whoever
 * sends one means another program's way to reopen its log, which is SIGHUP here. For debugging there is `node --inspect`.
 */
function ignoreForeignSignals() {
  if (process.platform === "win32") return;
  for (const signal of ["SIGUSR1", "SIGUSR2"]) process.on(signal, () => {});
}

function stop(message) {
  console.error(message);
  process.exitCode = exitCodeUsage;
}

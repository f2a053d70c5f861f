/** The node that a command talks to: found, and compared with the directory that the command is about. */
import path from "node:path";
import { getNode } from "../../api/node.ts";
import type { NodeAnswer } from "../../api/node-status.ts";
import { type ApiClient, createApiClient, type ReadToken } from "../../client/api-client.ts";
import type { CallOptions } from "../../client/call.ts";
import { knownApiToken } from "../../node/api-token.ts";
import { holderApi } from "../../node/holder-api.ts";
import type { OperatorError } from "../../node/operator-error.ts";
import { otherChain, otherNode } from "../../node/own-directory.ts";
import type { LockHolder } from "../../store/directory-lock.ts";
import { usageError } from "../failure.ts";
import { loadConfig } from "../load-config.ts";
import type { ApiFlags } from "../place-flags.ts";
import type { Terminal } from "../terminal.ts";
import { knownNodes, nodeIn } from "./known-nodes.ts";
import { existingPlace, namedDirectory, noPermission, runningPlace } from "./node-place.ts";
import { startCommandOf } from "./started-with.ts";

/** A node that answers, and the directory whose keys and secrets go with it. */
export interface AnsweringNode {
  readonly client: ApiClient;
  readonly dataDir: string;
  readonly status: NodeAnswer;
}

/**
 * The API of the node that the flags name, else of the only one that runs. If the flags name a directory, then the
 * node that answers is on that directory's chain.
 *
 * @param options.signal ends the asking
 * @throws OperatorError with exit code 2 if there is no such node, or another one answers
 */
export async function connectTo(
  flags: ApiFlags,
  terminal: Terminal,
  options: CallOptions = {},
): Promise<ApiClient> {
  if (flags.api === undefined) return (await ownNode(flags, terminal, options)).client;
  const client = await clientAt(flags.api, flags, terminal);
  const named = flags.dataDir === undefined ? undefined : await namedDirectory(flags, terminal);
  if (named !== undefined) await requireSameChain(await client.call(getNode, {}, options), named, client.url);
  return client;
}

/**
 * As {@link connectTo}, for a command that also uses keys or secrets of the node's directory. With --api and no
 * directory named, it is the directory of the node at that URL if it runs on this machine, else the only one there is.
 */
export async function connectWithFiles(flags: ApiFlags, terminal: Terminal): Promise<AnsweringNode> {
  if (flags.api === undefined) return ownNode(flags, terminal);
  const client = await clientAt(flags.api, flags, terminal);
  const dataDir =
    (await directoryAt(client.url, flags, terminal)) ?? (await existingPlace(flags, terminal)).dataDir;
  const status = await client.node();
  await requireSameChain(status, dataDir, client.url);
  return { client, dataDir, status };
}

/**
 * The directory whose keys go with the node that the flags name; undefined if that node is asked by --api alone and
 * nothing says which directory is meant.
 */
export async function directoryBeside(flags: ApiFlags, terminal: Terminal): Promise<string | undefined> {
  if (flags.api === undefined) return (await runningPlace(flags, terminal)).dataDir;
  return directoryAt(checkedUrl(flags.api), flags, terminal);
}

async function directoryAt(url: string, flags: ApiFlags, terminal: Terminal): Promise<string | undefined> {
  const named = await namedDirectory(flags, terminal);
  if (named !== undefined) return named;
  const nodes = await knownNodes(terminal.homeDirectory);
  return nodes.find(({ holder }) => holder?.apiUrl === url)?.dataDir;
}

/** A client of a URL. Only the node whose lock names this very URL is sent its token: another one would learn it. */
async function clientAt(api: string, flags: ApiFlags, terminal: Terminal): Promise<ApiClient> {
  const url = checkedUrl(api);
  const readToken = await namedToken(flags, terminal);
  const holder = await holderAt(url, flags, terminal);
  if (holder) return holderApi({ ...holder, apiUrl: url }, readToken);
  return createApiClient(url, { retries: 0, token: readToken });
}

async function holderAt(url: string, flags: ApiFlags, terminal: Terminal): Promise<LockHolder | undefined> {
  const named = await namedDirectory(flags, terminal);
  const nodes = named === undefined ? await knownNodes(terminal.homeDirectory) : [await nodeIn(named)];
  return nodes.find((node) => node?.holder?.apiUrl === url)?.holder;
}

/** Reads the token in the file that flags, a variable or the config file name; undefined if they name none. */
async function namedToken(
  { apiTokenFile, config: file }: ApiFlags,
  terminal: Terminal,
): Promise<ReadToken | undefined> {
  const anyHome = { ...terminal, homeDirectory: terminal.homeDirectory ?? path.sep };
  const { apiTokenFile: setting } = await loadConfig({ apiTokenFile, config: file }, anyHome);
  if (setting.source === "default") return undefined;
  return async () => {
    const token = await knownApiToken(setting.value);
    if (token !== undefined) return token;
    throw usageError(
      `there is no token in ${setting.value}`,
      "there is no such file, or this user may not read it",
      "name the file api-token of the node's data directory, or a copy of it, with --api-token-file",
      "cli/no-token",
    );
  };
}

async function ownNode(
  flags: ApiFlags,
  terminal: Terminal,
  options: CallOptions = {},
): Promise<AnsweringNode> {
  const { dataDir, holder } = await runningPlace(flags, terminal);
  const client = holderApi(holder, await namedToken(flags, terminal));
  const status = await client.call(getNode, {}, options);
  await requireSameChain(status, dataDir, client.url);
  const why = await otherNode(dataDir, status);
  if (why !== undefined)
    throw await refused(`what answers at ${client.url} is not the node in ${dataDir}`, why, dataDir);
  return { client, dataDir, status };
}

async function requireSameChain(status: NodeAnswer, dataDir: string, url: string): Promise<void> {
  const why = await otherChain(dataDir, status).catch((thrown: unknown) => {
    throw noPermission(thrown, dataDir);
  });
  if (why !== undefined)
    throw await refused(`the node at ${url} is on another chain than ${dataDir}`, why, dataDir);
}

async function refused(what: string, why: string, dataDir: string): Promise<OperatorError> {
  return usageError(
    what,
    `${why}; nothing was sent`,
    `start the directory's own node: ${await startCommandOf(dataDir)}; or name another directory with --data-dir`,
    "cli/other-node",
  );
}

function checkedUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, "");
  throw usageError(
    `--api ${text} is no URL`,
    "it must be a URL of http",
    "write for example --api http://127.0.0.1:13280",
  );
}

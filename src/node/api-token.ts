/** The token of a node's API: a file of one line that only the node's user can read, made at the first start. */
import { randomBytes } from "node:crypto";
import { fromUtf8, toHex } from "../base/bytes.ts";
import { createDurableFile } from "../base/durable-file.ts";
import { toError } from "../base/invariant.ts";
import { readWithMode } from "../base/private-file.ts";
import { textOf } from "../base/text-file.ts";
import { exitCodes, OperatorError, placeUnusable } from "./operator-error.ts";

const tokenBytes = 32;
const tokenMode = 0o600;
/** Of a file that somebody else made, such as an orchestrator's secret; what is shorter can be guessed. */
const tokenPattern = /^[!-~]{32,200}$/;
/** A token, a line end and some blanks: anything larger is something else. */
const fileBytesMax = 1_024;

/**
 * The token in a file; if the file is missing it is made with a random one, on disk when this resolves.
 *
 * @param allowOpen the operator's word that other users of the machine may reach the file
 * @throws OperatorError with exit code 7 if others can read the file, or it holds no token
 */
export async function openApiToken(
  file: string,
  { allowOpen }: { readonly allowOpen: boolean },
): Promise<string> {
  const found = await readToken(file);
  if (!found) return createToken(file);
  if (found.openMode !== undefined && !allowOpen) {
    throw refused(
      file,
      "node/token-permissions",
      `others can reach it: its mode is ${found.openMode}`,
      `if nobody has read it: chmod 600 '${file}'; else remove it, and the next start makes a new one. If a volume sets the mode: start with --allow-open-keys`,
    );
  }
  return found.token;
}

/** The token in a file, for a program that asks the node; undefined if there is none, or this user may not read it. */
export async function knownApiToken(file: string): Promise<string | undefined> {
  try {
    return (await readToken(file))?.token;
  } catch (thrown) {
    const { cause } = toError(thrown) as { cause?: NodeJS.ErrnoException };
    if (cause?.code === "EACCES" || cause?.code === "EPERM") return undefined;
    throw thrown;
  }
}

async function createToken(file: string): Promise<string> {
  const token = toHex(new Uint8Array(randomBytes(tokenBytes)));
  try {
    await createDurableFile(file, fromUtf8(`${token}\n`), tokenMode);
    return token;
  } catch (thrown) {
    throw placeUnusable(thrown, file, "name another file with --api-token-file");
  }
}

async function readToken(
  file: string,
): Promise<{ readonly token: string; readonly openMode: string | undefined } | undefined> {
  const found = await readWithMode(file, fileBytesMax).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === "ENOENT") return undefined;
    throw placeUnusable(thrown, file, "name another file with --api-token-file");
  });
  if (!found) return undefined;
  const text = textOf(found.bytes);
  const token = text.ok ? text.value.trim() : "";
  if (tokenPattern.test(token)) return { token, openMode: found.openMode };
  throw refused(
    file,
    "node/token-invalid",
    "it must hold one line of 32 to 200 printable characters without blanks",
    `remove '${file}', and the next start makes a new one`,
  );
}

function refused(file: string, code: string, why: string, next: string): OperatorError {
  return new OperatorError(`the API's token file ${file} cannot be used`, {
    code,
    exitCode: exitCodes.key,
    why,
    next,
  });
}

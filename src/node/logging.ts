/** The node's log: pino to blockchain.log in the data directory, rotated, and to the terminal; nothing secret in it. */
import path from "node:path";
import { type Level, multistream, pino, stdSerializers } from "pino";
import pretty from "pino-pretty";
import { systemClock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { LogFile } from "./log-file.ts";
import { placeUnusable } from "./operator-error.ts";

export interface NodeLoggerOptions {
  readonly level: Level | "silent";
  /** Of the terminal; the file always has JSON lines. */
  readonly format: "human" | "json";
  /** Rotated at 16 MiB, ten old ones kept, compressed; undefined: no file. */
  readonly file: string | undefined;
  /** Where people see it; undefined: nowhere. */
  readonly terminal: NodeJS.WritableStream | undefined;
}

export interface NodeLogger {
  readonly logger: Logger;
  /** Writes out what is still buffered. */
  close(): Promise<void>;
}

const fileBytesMax = "16M";
const filesKept = 10;
/** Whatever is called so, at any of these depths, is not logged. */
const secretNames = ["secretKey", "seed", "passphrase", "privateKey", "privateKeySeed"];

export function createNodeLogger(options: NodeLoggerOptions): NodeLogger {
  const { level, format, file, terminal } = options;
  const streams: { stream: { write(line: string): void }; level: Level }[] = [];
  const lowest: Level = level === "silent" ? "fatal" : level;
  if (terminal) {
    const stream = format === "json" ? terminal : humanStream(terminal);
    streams.push({ stream, level: lowest });
  }
  const logFile = file === undefined ? undefined : openLogFile(file);
  if (logFile) streams.push({ stream: logFile, level: lowest });
  const logger = pino(
    {
      level,
      base: null,
      serializers: { error: stdSerializers.err },
      redact: {
        paths: secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: "[secret]",
      },
    },
    multistream(streams),
  );
  return {
    logger,
    close: async () => logFile?.close(),
  };
}

function openLogFile(file: string): LogFile {
  try {
    return new LogFile({ file, size: fileBytesMax, filesKept }, { clock: systemClock });
  } catch (thrown) {
    throw placeUnusable(
      thrown,
      path.dirname(file),
      "name another file with --log-file, or another --data-dir",
    );
  }
}

function humanStream(terminal: NodeJS.WritableStream): NodeJS.WritableStream {
  return pretty({
    destination: terminal,
    colorize: "isTTY" in terminal && terminal.isTTY === true,
    translateTime: "SYS:HH:MM:ss.l",
    singleLine: true,
    sync: true,
  });
}

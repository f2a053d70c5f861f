/** The node's log: pino to blockchain.log in the data directory, rotated, and to the terminal; nothing secret in it. */
import path from "node:path";
import { type Level, multistream, pino, stdSerializers } from "pino";
import { prettyFactory } from "pino-pretty";
import type { LogLevel } from "../api/admin.ts";
import { systemClock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { LogFile } from "./log-file.ts";
import { placeUnusable } from "./operator-error.ts";

export interface NodeLoggerOptions {
  readonly level: LogLevel;
  /** Of the terminal; the file always has JSON lines. */
  readonly format: "human" | "json";
  /** Undefined: no file. */
  readonly file: string | undefined;
  /** Put the file aside at 16 MiB, ten old ones kept, compressed; false if another program such as logrotate does it. */
  readonly rotate?: boolean;
  /** Where people see it; undefined: nowhere. */
  readonly terminal: NodeJS.WritableStream | undefined;
}

export interface NodeLogger {
  readonly logger: Logger;
  /** The least important lines that are logged. */
  level: LogLevel;
  /** Opens the file of that name anew, after another program has moved or removed it. */
  reopen(): Promise<void>;
  /** Writes out what is still buffered. */
  close(): Promise<void>;
}

const fileBytesMax = "16M";
const filesKept = 10;
/** Whatever is called so, at any of these depths, is not logged. */
const secretNames = [
  "secretKey",
  "seed",
  "passphrase",
  "privateKey",
  "privateKeySeed",
  "token",
  "authorization",
];

export function createNodeLogger(options: NodeLoggerOptions): NodeLogger {
  const { level, format, file, rotate = true, terminal } = options;
  const streams: { stream: { write(line: string): void }; level: Level }[] = [];
  // The logger's own level, which may be changed, decides alone.
  const lowest: Level = "trace";
  if (terminal) {
    streams.push({ stream: format === "json" ? terminal : humanStream(terminal), level: lowest });
  }
  const logFile = file === undefined ? undefined : openLogFile(file, rotate);
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
    get level() {
      return logger.level as LogLevel;
    },
    set level(wanted) {
      logger.level = wanted;
    },
    reopen: async () => logFile?.reopen(),
    close: async () => logFile?.close(),
  };
}

function openLogFile(file: string, rotate: boolean): LogFile {
  const size = rotate ? fileBytesMax : undefined;
  try {
    return new LogFile({ file, size, filesKept }, { clock: systemClock });
  } catch (thrown) {
    throw placeUnusable(
      thrown,
      path.dirname(file),
      "name another file with --log-file, or another --data-dir",
    );
  }
}

/** Formatted here and written as plain lines: a stream of pino-pretty's own would end with the first failed write. */
function humanStream(terminal: NodeJS.WritableStream): { write(line: string): void } {
  const format = prettyFactory({
    colorize: "isTTY" in terminal && terminal.isTTY === true,
    translateTime: "SYS:HH:MM:ss.l",
    singleLine: true,
  });
  return { write: (line) => void terminal.write(format(line)) };
}

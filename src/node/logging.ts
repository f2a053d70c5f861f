/** The node's log: pino to blockchain.log in the data directory, rotated, and to the terminal; nothing secret in it. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { finished } from "node:stream/promises";
import { type Level, multistream, pino, stdSerializers } from "pino";
import pretty from "pino-pretty";
import { createStream } from "rotating-file-stream";
import type { Logger } from "../base/logger.ts";

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
  const streams: { stream: NodeJS.WritableStream; level: Level }[] = [];
  const lowest: Level = level === "silent" ? "fatal" : level;
  if (terminal) {
    const stream = format === "json" ? terminal : humanStream(terminal);
    streams.push({ stream, level: lowest });
  }
  let fileStream: ReturnType<typeof createStream> | undefined;
  if (file !== undefined) {
    mkdirSync(path.dirname(file), { recursive: true });
    fileStream = createStream(path.basename(file), {
      path: path.dirname(file),
      size: fileBytesMax,
      maxFiles: filesKept,
      compress: "gzip",
      mode: 0o600,
    });
    streams.push({ stream: fileStream, level: lowest });
  }
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
    async close() {
      if (!fileStream) return;
      fileStream.end();
      await finished(fileStream);
    },
  };
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

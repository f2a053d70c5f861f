/** Takes a renewed certificate into use: it lasts for weeks, and a node runs for months. */
import { toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import type { TlsIdentity } from "../http/server.ts";
import { readTlsFiles, type TlsFiles } from "./tls-files.ts";

export interface TlsWatchModules {
  readonly logger: Logger;
  /** Called with files that are new and go together. */
  readonly onRenewed: (identity: TlsIdentity) => Promise<void>;
  /** Between two looks at the files; 30 s by default. */
  readonly everyMs?: number;
}

const everyMsDefault = 30_000;

export class TlsWatch {
  readonly #files: TlsFiles;
  readonly #modules: TlsWatchModules;
  readonly #timer: NodeJS.Timeout;
  #current: TlsIdentity;
  /** Said once, not with every look. */
  #fault: string | undefined;

  /** @param current what the files held when the API was opened */
  constructor(files: TlsFiles, current: TlsIdentity, modules: TlsWatchModules) {
    this.#files = files;
    this.#current = current;
    this.#modules = modules;
    this.#timer = setInterval(() => void this.#look(), modules.everyMs ?? everyMsDefault).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { logger, onRenewed } = this.#modules;
    const { certFile } = this.#files;
    try {
      // Between the writing of one file and of the other they do not go together: the next look finds both.
      const { cert, key } = await readTlsFiles(this.#files);
      this.#fault = undefined;
      if (cert === this.#current.cert && key === this.#current.key) return;
      this.#current = { cert, key };
      await onRenewed({ cert, key });
      logger.info({ certFile }, "the API uses the new certificate");
    } catch (thrown) {
      const { message } = toError(thrown);
      if (message === this.#fault) return;
      this.#fault = message;
      logger.warn({ certFile, reason: message }, "the API's certificate stays: its files cannot be used now");
    }
  }
}

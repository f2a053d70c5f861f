/** What a node serves over HTTP: the API on loopback, and the metrics on an address of the operator's choice. */
import { isIP } from "node:net";
import { type Api, createApi } from "../http/api.ts";
import type { ApiModules } from "../http/api-modules.ts";
import { createMetricsServer, type MetricsServer } from "../http/metrics-server.ts";
import { listenRefusal } from "./operator-error.ts";

export interface HttpServersOptions {
  /** On 127.0.0.1; 0 for any free port, undefined for no API. */
  readonly apiPort: number | undefined;
  /** `HOST:PORT` for the metrics alone, e.g. `0.0.0.0:9100`; undefined for none but the API's. */
  readonly metricsAddress?: string | undefined;
}

export class HttpServers {
  readonly #options: HttpServersOptions;
  readonly #modules: ApiModules;
  readonly #api: Api | undefined;
  readonly #metrics: MetricsServer | undefined;

  constructor(options: HttpServersOptions, modules: ApiModules) {
    const { apiPort, metricsAddress } = options;
    this.#options = options;
    this.#modules = modules;
    this.#api = apiPort === undefined ? undefined : createApi({ port: apiPort }, modules);
    this.#metrics =
      metricsAddress === undefined ? undefined : createMetricsServer(placeOf(metricsAddress), modules);
  }

  /**
   * Resolves with the URL of the API, undefined without one.
   *
   * @throws OperatorError where a port is taken, or the address is none of this machine's
   */
  async start(): Promise<string | undefined> {
    const { apiPort, metricsAddress = "" } = this.#options;
    const metricsUrl = await this.#metrics?.start().catch((thrown: unknown) => {
      throw listenRefusal(thrown, metricsAddress, "--metrics-address");
    });
    if (metricsUrl !== undefined) this.#sayWhere(metricsUrl);
    return this.#api?.start().catch((thrown: unknown) => {
      throw listenRefusal(thrown, `127.0.0.1:${apiPort}`, "--api-port");
    });
  }

  /** Lets requests that run end, for a while; again does nothing. */
  async stop(): Promise<void> {
    await Promise.all([this.#api?.stop(), this.#metrics?.stop()]);
  }

  #sayWhere(url: string): void {
    const { logger } = this.#modules;
    const metrics = `${url}/metrics`;
    const { host } = placeOf(this.#options.metricsAddress ?? "");
    if (/^(?:127\.|::1$|localhost$)/.test(host)) logger.info({ metrics }, "metrics are served");
    else {
      logger.warn(
        { metrics },
        "metrics are served to everybody who reaches this address: nobody is authenticated; a firewall has to say who may",
      );
    }
  }
}

/** @param address as the setting was read: `HOST:PORT`, an IPv6 address in brackets */
function placeOf(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(":");
  const host = address.slice(0, at).replace(/^\[|\]$/g, "");
  return { host: isIP(host) === 0 ? host.toLowerCase() : host, port: Number(address.slice(at + 1)) };
}

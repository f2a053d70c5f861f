/** What a node serves over HTTP: the API, on loopback if nothing else is said, and the metrics on an address of their own. */
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import path from "node:path";
import { isLoopback } from "../base/loopback.ts";
import { type Api, createApi } from "../http/api.ts";
import type { ApiModules } from "../http/api-modules.ts";
import { type ApiLimits, defaultApiLimits } from "../http/door/limits.ts";
import { NodeMetrics } from "../http/metrics/node-metrics.ts";
import { createMetricsServer, type MetricsServer } from "../http/metrics-server.ts";
import type { TlsIdentity } from "../http/server.ts";
import type { HolderApi } from "../store/directory-lock.ts";
import { openApiToken } from "./api-token.ts";
import { dataDirectory } from "./data-directory.ts";
import { listenRefusal } from "./operator-error.ts";
import { openFilesLimit } from "./process-limits.ts";
import { readTlsFiles, type TlsFiles } from "./tls-files.ts";
import { TlsWatch } from "./tls-watch.ts";

/** Who may reach the API, and how; without a word of it, programs of this machine over plain HTTP. */
export interface ApiAccessOptions {
  /** The IP address to listen on. */
  readonly host?: string;
  readonly tls?: TlsFiles | undefined;
  /** Names besides that address and loopback under which the API is asked. */
  readonly allowedHosts?: readonly string[];
  /** Origins of web pages that may ask. */
  readonly corsOrigins?: readonly string[];
  /** By default `api-token` in the data directory. */
  readonly tokenFile?: string | undefined;
  /** Take a token file that others on this machine may read. */
  readonly allowOpenToken?: boolean;
  /** From one address of another machine; 0: not limited. */
  readonly requestsPerSecond?: number;
  /** 256 by default. */
  readonly connectionsMax?: number;
}

/** What the API is opened with, read from disk. */
export interface ApiSecrets {
  readonly tokenFile: string;
  readonly token: string;
  readonly tls: TlsIdentity | undefined;
}

/** @throws OperatorError if the token file or the TLS files cannot be used */
export async function openApiSecrets(dataDir: string, access: ApiAccessOptions = {}): Promise<ApiSecrets> {
  const { tokenFile = dataDirectory(dataDir).apiToken, allowOpenToken = false, tls } = access;
  const token = await openApiToken(tokenFile, { allowOpen: allowOpenToken });
  return { tokenFile: path.resolve(tokenFile), token, tls: tls && (await readTlsFiles(tls)) };
}

export interface HttpServersOptions {
  /** 0 for any free port, undefined for no API. */
  readonly apiPort: number | undefined;
  readonly apiAccess?: ApiAccessOptions | undefined;
  /** `HOST:PORT` for the metrics alone, e.g. `0.0.0.0:9100`; undefined for none but the API's. */
  readonly metricsAddress?: string | undefined;
}

export class HttpServers {
  readonly #options: HttpServersOptions;
  readonly #secrets: ApiSecrets | undefined;
  readonly #modules: ApiModules;
  readonly #api: Api | undefined;
  #tlsWatch: TlsWatch | undefined;
  readonly #nodeMetrics: NodeMetrics;
  readonly #metrics: MetricsServer | undefined;

  /** @param secrets undefined where there is no API */
  constructor(options: HttpServersOptions, secrets: ApiSecrets | undefined, modules: ApiModules) {
    const { apiPort, apiAccess = {}, metricsAddress } = options;
    this.#options = options;
    this.#secrets = secrets;
    this.#modules = modules;
    const metrics = new NodeMetrics(modules);
    this.#nodeMetrics = metrics;
    const served = { ...apiAccess, token: secrets?.token, tls: secrets?.tls, limits: limitsOf(apiAccess) };
    this.#api = apiPort === undefined ? undefined : createApi({ ...served, port: apiPort }, modules, metrics);
    this.#metrics =
      metricsAddress === undefined
        ? undefined
        : createMetricsServer(placeOf(metricsAddress), modules, metrics);
  }

  /**
   * Calls back with how the API is reached, again when that has changed; never without an API.
   *
   * @throws OperatorError where a port is taken, or the address is none of this machine's
   */
  async start(onApi: (api: HolderApi) => Promise<void>): Promise<void> {
    const { apiPort, apiAccess, metricsAddress = "" } = this.#options;
    const host = apiAccess?.host ?? "127.0.0.1";
    const metricsUrl = await this.#metrics?.start().catch((thrown: unknown) => {
      throw listenRefusal(thrown, metricsAddress, "--metrics-address");
    });
    if (metricsUrl !== undefined) this.#sayWhere(metricsUrl);
    const apiUrl = await this.#api?.start().catch((thrown: unknown) => {
      const flag = isAddressFault(thrown) ? "--api-host" : "--api-port";
      throw listenRefusal(thrown, isIP(host) === 6 ? `[${host}]:${apiPort}` : `${host}:${apiPort}`, flag);
    });
    if (apiUrl === undefined) return;
    if (!isLoopback(host)) this.#sayOpen(apiUrl, host);
    const { tokenFile, tls } = this.#secrets ?? {};
    const holderApi = (identity: TlsIdentity | undefined): HolderApi => ({
      apiUrl,
      ...(tokenFile === undefined ? {} : { apiTokenFile: tokenFile }),
      ...(identity ? { apiCertificate: new X509Certificate(identity.cert).fingerprint256 } : {}),
    });
    await onApi(holderApi(tls));
    if (!tls || !apiAccess?.tls) return;
    this.#tlsWatch = new TlsWatch(apiAccess.tls, tls, {
      logger: this.#modules.logger,
      onRenewed: async (identity) => {
        this.#api?.renewTls(identity);
        await onApi(holderApi(identity));
      },
    });
  }

  /** Lets requests that run end, for a while; again does nothing. */
  async stop(): Promise<void> {
    this.#tlsWatch?.stop();
    await Promise.all([this.#api?.stop(), this.#metrics?.stop()]);
    this.#nodeMetrics.close();
  }

  #sayOpen(url: string, host: string): void {
    const { logger } = this.#modules;
    const fields = { url, listenAddress: host };
    if (url.startsWith("https:")) logger.info(fields, "the API is served to other machines, over TLS");
    else {
      logger.warn(
        fields,
        "the API is served to other machines in clear text: an attacker on the network can read the token and change answers; use this only in a network that you trust",
      );
    }
  }

  #sayWhere(url: string): void {
    const { logger } = this.#modules;
    const metrics = `${url}/metrics`;
    const { host } = placeOf(this.#options.metricsAddress ?? "");
    if (isLoopback(host)) logger.info({ metrics }, "metrics are served");
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

/** With few open files the API must leave enough of them to peers and store. */
function limitsOf({
  requestsPerSecond,
  connectionsMax = defaultApiLimits.connectionsMax,
}: ApiAccessOptions): Partial<ApiLimits> {
  const share = Math.floor((openFilesLimit() ?? Number.POSITIVE_INFINITY) / 4);
  return {
    connectionsMax: Math.max(32, Math.min(connectionsMax, share)),
    ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
  };
}

function isAddressFault(thrown: unknown): boolean {
  return (thrown as NodeJS.ErrnoException | undefined)?.code === "EADDRNOTAVAIL";
}

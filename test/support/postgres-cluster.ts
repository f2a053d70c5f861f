/** A real PostgreSQL server: Debian's programs, and a cluster of its own in a temporary folder. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, readdirSync } from "node:fs";
import { appendFile, chmod, copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { freePort } from "./free-port.ts";
import { until } from "./patience.ts";

const debianFolder = "/usr/lib/postgresql";
const host = "127.0.0.1";

/** Folder of `initdb` and `postgres`; undefined if they are not installed. */
function programsFolder(): string | undefined {
  const versions = existsSync(debianFolder) ? readdirSync(debianFolder) : [];
  const newestFirst = versions.sort((one, other) => Number(other) - Number(one));
  return newestFirst
    .map((version) => path.join(debianFolder, version, "bin"))
    .find((bin) => existsSync(path.join(bin, "initdb")));
}

/** Why tests that need a server are skipped; false if there is one. */
export const noPostgres: string | false = programsFolder()
  ? false
  : `no PostgreSQL server in ${debianFolder} (apt-get install postgresql)`;

/** PostgreSQL refuses to run as root: then it runs as its own user, or as nobody. */
function serverUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => {
    for (const name of ["postgres", "nobody"]) {
      try {
        return Number(
          execFileSync("id", [flag, name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
        );
      } catch {
        // The next one.
      }
    }
    throw new Error("neither the user postgres nor nobody is there");
  };
  return { uid: id("-u"), gid: id("-g") };
}

const servers: PostgresServer[] = [];

/** Ends every server that this process has started, and removes its files. */
export async function removeServers(): Promise<void> {
  for (const server of servers.splice(0)) await server.remove();
}

export class PostgresServer {
  readonly port: number;
  readonly #folder: string;
  readonly #programs: string;
  readonly #user: { readonly uid: number; readonly gid: number } | undefined;
  #process: ChildProcess | undefined;
  #log = "";

  private constructor(folder: string, programs: string, port: number) {
    this.#folder = folder;
    this.#programs = programs;
    this.#user = serverUser();
    this.port = port;
  }

  /** @param settings lines for `postgresql.conf` */
  static async start(settings: readonly string[] = []): Promise<PostgresServer> {
    const folder = await mkdtemp(path.join(tmpdir(), "aurex-postgres-"));
    const server = new PostgresServer(folder, programsFolder() as string, await freePort());
    servers.push(server);
    await server.#lay(settings);
    await server.begin();
    return server;
  }

  /** Whom its files belong to; undefined: the user of the test. */
  get user(): { readonly uid: number; readonly gid: number } | undefined {
    return this.#user;
  }

  get dataFolder(): string {
    return path.join(this.#folder, "cluster");
  }

  /** Of the superuser, without a password (the cluster trusts loopback unless a test changes `pg_hba.conf`). */
  url(database = "postgres", rest = ""): string {
    return `postgres://owner@${host}:${this.port}/${database}${rest}`;
  }

  async #lay(settings: readonly string[]): Promise<void> {
    if (this.#user) chownSync(this.#folder, this.#user.uid, this.#user.gid);
    this.#run(
      "initdb",
      "-D",
      this.dataFolder,
      "-U",
      "owner",
      "-A",
      "trust",
      "-E",
      "UTF8",
      "--no-locale",
      "--no-sync",
    );
    const lines = [
      `listen_addresses = '${host}'`,
      `port = ${this.port}`,
      `unix_socket_directories = '${this.#folder}'`,
      "fsync = off",
      "shared_buffers = 32MB",
      ...settings,
    ];
    await appendFile(path.join(this.dataFolder, "postgresql.conf"), `${lines.join("\n")}\n`);
  }

  #run(program: string, ...args: string[]): void {
    execFileSync(path.join(this.#programs, program), args, {
      ...this.#user,
      cwd: this.#folder,
      env: { LC_ALL: "C", PATH: process.env.PATH },
      stdio: ["ignore", "ignore", "pipe"],
    });
  }

  /** Starts the server again after {@link stop} or {@link kill}; resolves when it answers. */
  async begin(): Promise<void> {
    const child = spawn(path.join(this.#programs, "postgres"), ["-D", this.dataFolder], {
      ...this.#user,
      cwd: this.#folder,
      env: { LC_ALL: "C", PATH: process.env.PATH },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#process = child;
    child.stderr.on("data", (text) => {
      this.#log = (this.#log + String(text)).slice(-20_000);
    });
    await until("PostgreSQL answers", () => this.#answers(), { seen: () => this.#log });
  }

  async #answers(): Promise<boolean> {
    if (this.#process?.exitCode !== null) throw new Error(`PostgreSQL has ended: ${this.#log}`);
    try {
      await this.sql("SELECT 1");
      return true;
    } catch {
      return false;
    }
  }

  /** Runs one statement over a connection of its own. */
  async sql(
    text: string,
    database = "postgres",
    values: readonly unknown[] = [],
  ): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.url(database) });
    client.on("error", () => undefined);
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  /** What the server has logged, the newest part. */
  get log(): string {
    return this.#log;
  }

  /** A user who has to show a password, and may make schemas in `postgres`. */
  async addUser(name: string, password: string): Promise<void> {
    await this.sql(`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`);
    await this.sql(`GRANT CREATE ON DATABASE postgres TO ${name}`);
    const file = path.join(this.dataFolder, "pg_hba.conf");
    const rules = await readFile(file, "utf8");
    await writeFile(file, `host all ${name} ${host}/32 scram-sha-256\n${rules}`);
    this.reload();
    await until("the user has to show the password", () => this.#refuses(name));
  }

  /** Answers with TLS from now on, and without it to who asks for that. */
  async useTls(certFile: string, keyFile: string): Promise<void> {
    for (const [from, name] of [
      [certFile, "server.crt"],
      [keyFile, "server.key"],
    ] as const) {
      const to = path.join(this.dataFolder, name);
      await copyFile(from, to);
      await chmod(to, 0o600);
      if (this.#user) chownSync(to, this.#user.uid, this.#user.gid);
    }
    await this.sql("ALTER SYSTEM SET ssl = on");
    this.reload();
    await until("the server has TLS", async () => (await this.sql("SHOW ssl"))[0]?.ssl === "on");
  }

  async #refuses(user: string): Promise<boolean> {
    const client = new pg.Client({ host, port: this.port, user, database: "postgres", password: "wrong" });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return false;
    } catch {
      return true;
    } finally {
      await client.end();
    }
  }

  /** Reads its settings anew. */
  reload(): void {
    this.#process?.kill("SIGHUP");
  }

  /** Cuts all connections and ends. */
  stop(): Promise<void> {
    return this.#end("SIGINT");
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 10 });
  }

  /** Ends as by a power cut: whatever was not committed is gone. */
  async kill(): Promise<void> {
    // Killing the first process alone leaves its children, which end by themselves when they notice; SIGQUIT ends all at once.
    await this.#end("SIGQUIT");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
}
